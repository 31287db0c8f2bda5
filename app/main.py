"""The page script: page config, language, navigation. Streamlit runs it anew for every change; keep it light."""

import streamlit as st

from app import controls, i18n, page
from app.views import by_hand, playground


def main() -> None:
    """One run of the script."""
    t = i18n.translator(page.language())
    controls.speak(t.language)
    st.set_page_config(page_title=t("page.title"), page_icon=page.ICON, layout="wide", initial_sidebar_state=310)
    page.style()
    page.come_back()

    def show_playground() -> None:
        playground.render(t)

    def show_surface() -> None:
        playground.render(t, "surface")

    def show_by_hand() -> None:
        by_hand.render(t)

    st.navigation(
        [
            st.Page(show_playground, title=t("nav.playground"), url_path="playground", default=True),
            st.Page(show_surface, title=t("nav.surface"), url_path="surface"),
            st.Page(show_by_hand, title=t("nav.by_hand"), url_path="by-hand"),
        ],
        position="hidden" if st.context.is_embedded else "top",  # a course page shows one page of ours
    ).run()


main()
