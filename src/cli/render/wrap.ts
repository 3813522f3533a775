/** The text in lines of at most `width` columns, broken at spaces; a longer word stands alone. */
export function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrappedLine(paragraph, width))
}

function wrappedLine(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
