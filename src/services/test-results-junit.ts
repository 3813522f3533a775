import { XMLParser } from 'fast-xml-parser'
import { type TestCase, trimmedCase } from '../domain/test-run.ts'

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (name) => ['testsuite', 'testcase', 'failure', 'error', 'skipped'].includes(name),
})

type Element = Readonly<Record<string, unknown>>

/** The cases of a JUnit report; null when the text is none. */
export function readJUnit(text: string): TestCase[] | null {
  const document = parsed(text)
  if (document === null) return null
  if (!('testsuites' in document) && !('testsuite' in document)) return null
  const top = isElement(document.testsuites) ? document.testsuites : document
  return suite(top, [])
}

function parsed(text: string): Element | null {
  try {
    const document: unknown = parser.parse(text)
    return isElement(document) ? document : null
  } catch {
    // Whatever an app may leave in a file of that name: it is no report then.
    return null
  }
}

function suite(element: Element, names: readonly string[]): TestCase[] {
  const cases = elements(element.testcase).map((one) => trimmedCase(caseOf(one, names)))
  const inner = elements(element.testsuite).flatMap((one) => suite(one, [...names, ...named(one['@name'])]))
  return [...cases, ...inner]
}

/** Most writers repeat the name of the suite in that of the class; it is told once. */
function caseOf(element: Element, suites: readonly string[]): TestCase {
  const [failure] = [...all(element.failure), ...all(element.error)]
  const [skipped] = all(element.skipped)
  const around = named(element['@classname']).filter((name) => !suites.includes(name))
  const seconds = Number(element['@time'])
  return {
    name: [...suites, ...around, String(element['@name'] ?? '?')].join(' > '),
    passed: failure === undefined,
    directive: skipped === undefined ? null : ['skip', ...said(skipped)].join(' '),
    diagnostic: failure === undefined ? null : said(failure).join('\n'),
    ms: element['@time'] !== undefined && Number.isFinite(seconds) ? Math.round(seconds * 1e6) / 1000 : null,
  }
}

/** What an element says: its message, and its text. */
function said(value: unknown): string[] {
  if (!isElement(value)) return typeof value === 'string' && value !== '' ? [value] : []
  const words = [value['@message'], value['#text']].flatMap((word) => (word ? [String(word)] : []))
  return words.filter((word, at) => !words.slice(at + 1).some((later) => later.includes(word)))
}

function named(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [value] : []
}

function elements(value: unknown): Element[] {
  return all(value).filter(isElement)
}

function all(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
