import { randomInt } from 'node:crypto'

const ADJECTIVES =
  'amber bold brave bright calm clear cool crisp eager early fair fleet fresh gentle glad golden keen kind light lively lucky mellow merry mild nimble noble patient plain proud quick quiet rapid ready silent silver smart snowy spry steady still sunny swift tidy warm wise young'.split(
    ' ',
  )
const NOUNS =
  'bay beach birch bloom breeze bridge brook cedar cliff cloud coast creek dawn delta dew dune ember field fjord forest garden grove harbor hill island lagoon lake leaf meadow mist moon oak orchard path peak pine pond rain reef ridge river sail shore sky spring star stone stream sun tide trail valley wave willow wind wood'.split(
    ' ',
  )

/** A name for an app that nobody named: `swift-river-4711`. */
export function randomName(): string {
  return `${oneOf(ADJECTIVES)}-${oneOf(NOUNS)}-${randomInt(1000, 10_000)}`
}

function oneOf(words: readonly string[]): string {
  return words[randomInt(words.length)]!
}
