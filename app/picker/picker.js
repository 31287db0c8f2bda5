/** Sends a chosen file as base64; shows rows of plain text. Streamlit calls it again with new data in the same place. */

const ACCEPTED = ".csv,.tsv,.txt,text/csv,text/plain,text/tab-separated-values";

/** @param {string} tag @param {object} properties @param {...Node} children */
function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** @param {File} file @returns {Promise<string>} its bytes in base64 */
function base64(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",", 2)[1] ?? "");
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });
}

/** What is sent: a file that is too large only by its size. */
async function message(file, most) {
  const content = file.size > most ? null : await base64(file);
  return { name: file.name, size: file.size, content };
}

function table(rows, words) {
  const [head, ...body] = rows;
  const cells = (row, tag) => row.map((text) => element(tag, { textContent: text, title: text }));
  const line = (row, tag) => element("tr", {}, ...cells(row, tag));
  const made = element("table", {}, element("thead", {}, line(head, "th")),
    element("tbody", {}, ...body.map((row) => line(row, "td"))));
  made.setAttribute("aria-label", words.preview);
  const frame = element("div", { className: "frame", tabIndex: 0 }, made);
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", words.preview);
  return frame;
}

export default function picker({ data, parentElement, setTriggerValue }) {
  const [{ words, rows, most }] = data;
  const input = element("input", { type: "file", accept: ACCEPTED });
  const send = async (file) => file && setTriggerValue("file", await message(file, most));
  input.onchange = () => send(input.files[0]);
  const label = element("label", { className: "choose" }, input,
    element("strong", { textContent: words.choose }), element("span", { textContent: words.drop }));
  label.ondragover = (event) => event.preventDefault();
  label.ondrop = (event) => {
    event.preventDefault();
    send(event.dataTransfer.files[0]);
  };
  const held = parentElement.querySelector(".picker");
  const focused = held?.contains(parentElement.activeElement ?? null);
  const made = element("div", { className: "picker" }, label, ...(rows.length > 0 ? [table(rows, words)] : []));
  if (held) held.replaceWith(made);
  else parentElement.append(made);
  if (focused) input.focus();
}
