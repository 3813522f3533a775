/** The text in lines of at most `width` columns, broken at spaces; a longer word stands alone. */
export function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrappedLine(paragraph, width))
}

/** What a line is indented by, its rest is too. */
function wrappedLine(text: string, width: number): string[] {
  const indent = /^ */.exec(text)?.[0] ?? ''
  const lines: string[] = []
  let line = ''
  for (const word of text.slice(indent.length).split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}

/** The first line of a text, without an announcement of those below at its end (`… Its last lines:`). */
export function firstLine(text: string): string {
  const [line = '', ...rest] = text.split('\n')
  return rest.length === 0 ? line : line.replace(/ [^.]*:$/, '')
}
