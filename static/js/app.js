// What every page may use. Each part listens on the document, so that it also serves what htmx brings later;
// without JavaScript the pages work by their plain links and forms.
import "./shell.js";
import "./dialogs.js";
import "./lists.js";
import "./files.js";
import "./notices.js";
