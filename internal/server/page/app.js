import { Connection } from "./connection.js";
import { DeleteDialog } from "./dialog.js";
import { byId } from "./dom.js";
import { Clock } from "./format.js";
import { List } from "./list.js";
import { Microphones } from "./microphones.js";
import { Player } from "./player.js";

const storedToken = "earshot-token";

const connection = new Connection();
const player = new Player(connection);
const microphones = new Microphones(connection);
const dialog = new DeleteDialog(connection, () => microphones.list);
const context = { player, clock: new Clock(), role: "read", names: new Map(), remove: (entry) => dialog.one(entry) };
const list = new List(connection, context);

function say(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = text === "";
}

function showSignIn(problem) {
  microphones.stop();
  player.stop();
  list.clear();
  if (byId("dialog").open) byId("dialog").close();
  for (const id of ["content", "delete-period", "sign-out"]) byId(id).hidden = true;
  byId("connection").textContent = "";
  byId("sign-in-problem").textContent = problem;
  byId("sign-in").hidden = false;
  byId("token").focus();
}

function signIn(token) {
  sessionStorage.setItem(storedToken, token);
  byId("sign-in").hidden = true;
  byId("connection").textContent = "Connecting…";
  connection.open(token);
}

function signOut(problem) {
  sessionStorage.removeItem(storedToken);
  connection.close();
  showSignIn(problem);
}

// takeToken reads the token of a link, and removes it from the address bar and from the browser's history.
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

connection.addEventListener("ready", async ({ detail }) => {
  context.role = detail.role;
  context.clock = new Clock(detail.time_zone);
  byId("connection").textContent = "";
  byId("content").hidden = false;
  byId("sign-out").hidden = false;
  byId("delete-period").hidden = detail.role !== "admin";
  say("");
  try {
    await Promise.all([microphones.start(detail.role), list.load()]);
  } catch (error) {
    say(error.message);
  }
});

connection.addEventListener("lost", () => {
  microphones.stop();
  byId("connection").textContent = "Reconnecting…";
  byId("delete-period").hidden = true;
});

connection.addEventListener("refused", ({ detail }) => signOut(detail));

microphones.addEventListener("names", () => {
  context.names = new Map(microphones.list.map((s) => [s.id, s.name]));
  list.again();
});
for (const source of [microphones, player]) source.addEventListener("problem", ({ detail }) => say(detail));
player.addEventListener("change", () => player.playing && say(""));

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = byId("token").value.trim();
  byId("token").value = "";
  signIn(token);
});
byId("sign-out").addEventListener("click", () => signOut(""));
byId("delete-period").addEventListener("click", () => dialog.period());
addEventListener("hashchange", () => {
  const token = takeToken();
  if (token) signIn(token);
});

const token = takeToken() ?? sessionStorage.getItem(storedToken);
if (token) signIn(token);
else showSignIn("");
