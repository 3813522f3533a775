import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../database.js'
import { total } from '../prices.js'

test('nothing costs nothing', () => {
  assert.equal(total([]), 0)
})

test('the total is that of all prices', () => {
  assert.equal(total([{ cents: 1200 }, { cents: 3900 }]), 5100)
})

test('every shoe of the shop has a price', () => {
  const shoes = openDatabase(':memory:').prepare('SELECT * FROM shoes').all()
  assert.ok(shoes.length > 0)
  assert.ok(shoes.every(({ cents }) => cents > 0))
})
