// Keeps the page small: fails when what a browser fetches to sign in and to show the history is, compressed, more than the limit.
// The other parts, and other languages than English, are fetched when somebody goes there.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const limit = 30e3; // bytes
const later = ["access-log.js", "de.js", "delete-dialog.js", "enroll.js", "microphones.js", "privacy.js"];
const dist = new URL("../dist/", import.meta.url);

let sum = 0;
for (const name of readdirSync(dist)) {
  const size = gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length;
  const counts = !later.includes(name);
  if (counts) sum += size;
  console.log(`${String(size).padStart(7)}  ${name}${counts ? "" : "  (fetched when it is wanted)"}`);
}
console.log(`${String(sum).padStart(7)}  together; the limit is ${limit}`);
if (sum > limit) process.exit(1);
