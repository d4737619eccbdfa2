// Says hints aloud, in the language of the page, with a voice of the device. One sentence at a time, and none twice.

const speech = window.speechSynthesis;
const RATE = 1.05;
let voice = null;
let saying = null; // held, because some browsers forget an utterance that nobody holds before it has ended
let waits = ""; // what to say when the present sentence has ended: only the newest is worth it
let last = "";
let isHeard = false; // browsers let a page speak only after a tap

// Calls tell() as soon as there is a voice for the language ("zh-Hans", "en"). Many browsers bring their list later.
export function find(language, tell) {
  if (!speech || !window.SpeechSynthesisUtterance) return;
  const choose = () => {
    if (voice) return;
    voice = best(speech.getVoices(), language);
    if (voice) tell();
  };
  if ("onvoiceschanged" in speech) speech.onvoiceschanged = choose;
  choose();
}

// Mandarin before the other kinds of Chinese; a voice on the device before one that needs the network.
function best(voices, language) {
  const wanted = language.startsWith("zh") ? ["zh-cn", "cmn", "zh"] : ["en"];
  const rank = ({ lang, localService }) => {
    const place = wanted.findIndex((start) => lang.toLowerCase().replace("_", "-").startsWith(start));
    return place < 0 ? Infinity : place * 2 + (localService ? 0 : 1);
  };
  const [found] = [...voices].sort((a, b) => rank(a) - rank(b));
  return found && rank(found) < Infinity ? found : null;
}

export function speak(text) {
  if (!voice || !text || text === last) return;
  last = text;
  if (saying && (speech.speaking || speech.pending)) waits = text === saying.text ? "" : text;
  else utter(text);
}

function utter(text) {
  saying = Object.assign(new window.SpeechSynthesisUtterance(text), { voice, lang: voice.lang, rate: RATE });
  saying.onstart = () => {
    isHeard = true;
  };
  saying.onend = saying.onerror = () => {
    const next = waits;
    saying = null;
    waits = "";
    if (next) utter(next);
  };
  speech.speak(saying);
}

// To be called at a tap: what could not be said before it is said now.
export function wake(text) {
  if (isHeard) return;
  stop();
  speak(text);
}

export function stop() {
  waits = last = "";
  if (speech) speech.cancel();
}
