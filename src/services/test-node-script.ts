/** What a test node is to do. */
export interface NodeScripts {
  readonly setup: string | null
  readonly test: string
  readonly teardown: string | null
}

/** Begins a word of the script to whoever reads its output; programs that write text do not write this. */
export const MARK = '\u001e'

/** A report of more than this is left alone, kB. */
const MOST_REPORT_KB = 5000
const MOST_REPORTS = 50
/** Folders below the root in which reports are looked for. */
const DEPTH = 4

/**
 * A shell script that does it all, one after the other, in a copy of the app that it may write to. What it writes is cut into
 * sections by lines `MARK + word + event`; `word` is something that the tests can not know. It ends with the status of the test
 * script, or of the setup if that fails; the teardown runs in either case, and after SIGTERM.
 *
 * JUnit reports are sent along the same way, because files of an app are not read by the server: they may be links to anything.
 */
export function nodeScript({ setup, test, teardown }: NodeScripts, word: string): string {
  return `
exec 2>&1
mark() { printf '\\036%s %s\\n' ${word} "$*"; }
stopped=
trap 'stopped=1' TERM INT HUP
old=$PWD work=$TMPDIR/app
mkdir "$work" && cp -dR --preserve=mode,timestamps . "$work" && chmod -R u+w "$work" && cd "$work" || {
  mark setup 1
  exit 1
}
moved=
IFS=:
for entry in $PATH; do
  case $entry in "$old" | "$old"/*) entry=$work\${entry#"$old"} ;; esac
  moved=\${moved:+$moved:}$entry
done
unset IFS
export PATH="$moved" TASUKI_TEST_RESULTS="$TMPDIR/test-results"
mkdir "$TASUKI_TEST_RESULTS"
code=0
${setup === null ? '' : `/bin/sh -c ${quoted(setup)} </dev/null\ncode=$?`}
mark setup "$code"
if [ "$code" = 0 ] && [ -z "$stopped" ]; then
  touch -d '1 second ago' "$TMPDIR/begun"
  /bin/sh -c ${quoted(test)} </dev/null
  code=$?
  mark tested "$code"
  find . "$TASUKI_TEST_RESULTS" -maxdepth ${DEPTH} \\( -name node_modules -o -name .git \\) -prune -o \\
    -type f -name '*.xml' -size -${MOST_REPORT_KB}k -newer "$TMPDIR/begun" -print 2>/dev/null | head -n ${MOST_REPORTS} |
    while IFS= read -r file; do
      grep -q '<testsuite' "$file" || continue
      mark report
      base64 "$file"
    done
fi
mark teardown
${teardown === null ? '' : `/bin/sh -c ${quoted(teardown)} </dev/null || echo "The teardown ended with status $?."`}
exit "$code"
`.trim()
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
