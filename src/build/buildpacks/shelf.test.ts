import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { create } from 'tar'
import { TestBuilder } from '../testing.ts'
import { gitBackend } from './git-server.ts'
import { commitAll, git, scriptPack, writeProgram } from './testing.ts'

const asRoot = process.getuid?.() === 0
const APP = { x: '', Procfile: 'web: x' }
const says = (word: string) => `echo ${word} > $1/said`

describe('a buildpack from elsewhere', () => {
  let bench: TestBuilder
  let packs: string
  let server: Server | null = null

  before(async () => {
    packs = await mkdtemp(join(tmpdir(), 'tasuki-packs-'))
    await chmod(packs, 0o755)
    bench = await TestBuilder.open({ localBuildpacks: [packs] })
  })
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = null
  })
  after(async () => {
    await bench[Symbol.asyncDispose]()
    await rm(packs, { recursive: true })
  })

  async function listen(answer: RequestListener): Promise<string> {
    server = createServer(answer)
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async function said(buildpack: string): Promise<{ text: string; log: string }> {
    const { tree, log } = await bench.build(APP, { buildpacks: [buildpack] })
    return { text: (await readFile(join(tree, 'said'), 'utf8')).trim(), log: log.join('\n') }
  }

  it('is taken from a Git repository, anew when it has changed there', async () => {
    const repo = await scriptPack(packs, { compile: says('one') })
    commitAll(repo)
    const url = `file://${repo}`
    assert.equal((await said(url)).text, 'one')
    await writeProgram(join(repo, 'bin/compile'), says('two'))
    commitAll(repo)
    assert.equal((await said(url)).text, 'two')
  })

  it('is taken at a branch, a tag or a commit', async () => {
    const repo = await scriptPack(packs, { compile: says('old') })
    const old = commitAll(repo)
    git(repo, 'tag', '-a', '-m', 'x', 'v1')
    git(repo, 'branch', 'feat/x')
    await writeProgram(join(repo, 'bin/compile'), says('new'))
    commitAll(repo)
    for (const ref of ['v1', 'feat/x', old])
      assert.equal((await said(`file://${repo}#${ref}`)).text, 'old', ref)
    assert.equal((await said(`file://${repo}#main`)).text, 'new')
    const error = await bench.refusal(APP, 'build_failed', { buildpacks: [`file://${repo}#none`] })
    assert.match(error.message, /has no branch or tag "none"/)
  })

  it('is used as it was when it can not be reached, with a warning; never seen, it fails the build', async () => {
    const repo = await scriptPack(packs, { compile: says('kept') })
    commitAll(repo)
    const url = `file://${repo}`
    await said(url)
    await rename(repo, `${repo}.away`)
    const { text, log } = await said(url)
    assert.equal(text, 'kept')
    assert.match(
      log,
      /! {5}The buildpack file:.* could not be fetched: .*\n.*Using it as it was fetched the last time/,
    )
    const error = await bench.refusal(APP, 'build_failed', { buildpacks: [`${url}#other`] })
    assert.match(error.message, /could not be fetched: there is no /)
    const gone = await bench.refusal(APP, 'build_failed', { buildpacks: ['http://127.0.0.1:1/x.git'] })
    assert.match(gone.message, /could not be fetched: .*127\.0\.0\.1/)
  })

  it('runs none of its hooks, filters or settings while it is fetched', async () => {
    const marks = await mkdtemp(join(packs, 'marks-'))
    await chmod(marks, 0o777)
    const repo = await scriptPack(packs, { compile: says('clean') })
    await writeFile(join(repo, '.gitattributes'), '* filter=evil\n')
    git(repo, 'init', '-q', '-b', 'main')
    git(repo, 'config', 'filter.evil.smudge', `touch ${marks}/smudge; cat`)
    git(repo, 'config', 'uploadpack.packObjectsHook', `touch ${marks}/pack; exec git pack-objects`)
    commitAll(repo)
    for (const hook of ['post-checkout', 'pre-upload-pack', 'reference-transaction'])
      await writeProgram(join(repo, '.git/hooks', hook), `touch ${marks}/${hook}`)
    await writeFile(join(repo, '.gitmodules'), '[submodule "x"]\n\tpath = x\n\turl = file:///etc\n')
    commitAll(repo)
    await rm(marks, { recursive: true })
    await mkdir(marks, { mode: 0o777 })
    await chmod(marks, 0o777)
    assert.equal((await said(`file://${repo}`)).text, 'clean')
    assert.deepEqual(await readdir(marks), [])
  })

  it('is taken from an archive, also where that was moved to, but not to another machine without TLS', async () => {
    const dir = await scriptPack(packs, { compile: says('archived') })
    const file = `${dir}.tgz`
    await create({ cwd: dir, gzip: true, file }, ['bin'])
    const bytes = await readFile(file)
    const base = await listen((request, response) => {
      if (request.url === '/pack.tgz') response.end(bytes)
      else if (request.url === '/moved.tgz') response.writeHead(302, { location: '/pack.tgz' }).end()
      else if (request.url === '/away.tgz')
        response.writeHead(302, { location: 'http://192.0.2.1/x.tgz' }).end()
      else if (request.url === '/round.tgz') response.writeHead(302, { location: '/round.tgz' }).end()
      else if (request.url === '/broken.tgz') response.end(bytes.subarray(0, bytes.length / 2))
      else response.writeHead(404).end()
    })
    assert.equal((await said(`${base}/pack.tgz`)).text, 'archived')
    assert.equal((await said(`${base}/moved.tgz`)).text, 'archived')
    for (const [name, message] of [
      ['away', /leads to http:\/\/192\.0\.2\.1/],
      ['round', /redirected more than 5 times/],
      ['broken', /no whole tar archive/],
      ['missing', /answered 404/],
    ] as const) {
      const error = await bench.refusal(APP, 'build_failed', { buildpacks: [`${base}/${name}.tgz`] })
      assert.match(error.message, message)
    }
  })

  it('may take its time only so long', async () => {
    await using quick = await TestBuilder.open({ fetchSeconds: 0.5 })
    const base = await listen(() => undefined)
    for (const name of ['slow.git', 'slow.tgz']) {
      const error = await quick.refusal(APP, 'build_failed', { buildpacks: [`${base}/${name}`] })
      assert.match(error.message, /could not be fetched: it took longer than 0\.5 s/)
    }
  })

  it('on this machine is allowed in the folders that the operator has named, wherever links lead', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'tasuki-elsewhere-'))
    try {
      const outside = await scriptPack(elsewhere, {})
      const link = join(packs, 'link')
      await symlink(outside, link)
      for (const place of [outside, `file://${outside}`, link, `file://${link}`, `${packs}-other`]) {
        const error = await bench.refusal(APP, 'invalid_params', { buildpacks: [place] })
        assert.match(error.message, /not allowed here/)
      }
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  })

  it('is read with no more rights than a build has', { skip: !asRoot && 'needs root' }, async () => {
    const closed = await scriptPack(packs, { compile: says('secret') })
    commitAll(closed)
    await chmod(closed, 0o700)
    for (const place of [closed, `file://${closed}`])
      await bench.refusal(APP, 'build_failed', { buildpacks: [place] })
  })

  it('can not be changed by a build for the next one', async () => {
    const repo = await scriptPack(packs, {
      compile: 'cat "$0.mark" > $1/said 2>/dev/null || echo first > $1/said; echo evil > "$0.mark"',
    })
    commitAll(repo)
    const url = `file://${repo}`
    for (const appId of ['a', 'a', 'b']) {
      const { tree } = await bench.build(APP, { buildpacks: [url], appId })
      assert.equal((await readFile(join(tree, 'said'), 'utf8')).trim(), 'first')
    }
  })

  it('is answered by a web server of Git too', async () => {
    const repo = await scriptPack(packs, { compile: says('served') })
    commitAll(repo)
    const base = await listen((request, response) => gitBackend(repo, request, response))
    assert.equal((await said(`${base}/pack.git`)).text, 'served')
  })

  it('is not got from where a server on this machine leads Git to', async () => {
    let asked = 0
    const base = await listen((request, response) => {
      asked += 1
      if (request.url?.startsWith('/pack.git'))
        response.writeHead(302, { location: `/other.git${request.url.slice(9)}` })
      response.end()
    })
    const error = await bench.refusal(APP, 'build_failed', { buildpacks: [`${base}/pack.git`] })
    assert.match(error.message, /could not be fetched/)
    assert.equal(asked, 1)
  })
})
