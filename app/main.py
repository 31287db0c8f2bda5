"""The page script: page config, language, navigation. Streamlit runs it anew for every change; keep it light."""

import streamlit as st

from app import i18n, page
from app.views import playground


def main() -> None:
    """One run of the script."""
    t = i18n.translator(page.language())
    st.set_page_config(page_title=t("page.title"), page_icon=page.ICON, layout="wide", initial_sidebar_state=310)
    page.style()
    page.come_back()

    def show_playground() -> None:
        playground.render(t)

    st.navigation(
        [st.Page(show_playground, title=t("page.title"), url_path="playground", default=True)], position="hidden"
    ).run()


main()
