import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type Cli, cli } from '../testing/run-cli.ts'
import { checkedBranch, checkedImage, checkedPath } from './checked.ts'
import { tasukiSource } from './project.ts'

const GITHUB = '.github/workflows/deploy.yml'
const GITLAB = '.gitlab-ci.yml'
const TASUKI = ['--tasuki', 'acme/tasuki@v1']

interface Written {
  readonly written: boolean
  readonly files: readonly {
    readonly path: string
    readonly text: string
    readonly secrets: readonly { readonly name: string }[]
  }[]
}

describe('tasuki init', () => {
  it('writes the workflow into the root of the repository, and names the secrets that it reads', async (t) => {
    const project = await projectFor(t, { dockerfile: true })
    await mkdir(join(project.root, 'deep/er'), { recursive: true })
    const ran = await project.cli.run(['init', '--github', '-a', 'shop', ...TASUKI], {
      cwd: join(project.root, 'deep/er'),
    })
    assert.equal(ran.code, 0, ran.stderr)
    const text = await project.text(GITHUB)
    for (const name of ['TASUKI_URL', 'TASUKI_TOKEN', 'TASUKI_CA']) {
      assert.match(ran.stdout, new RegExp(`^ {2}${name} `, 'm'))
      assert.ok(text.includes(`secrets.${name} `), name)
    }
    assert.match(text, /branches: \["trunk"\]/)
    assert.match(text, /IMAGE: ghcr\.io\/acme\/shop\n/)
    assert.match(text, /packages: write/)
  })

  it('names the secrets of a registry that is not the forge’s own', async (t) => {
    const project = await projectFor(t, { dockerfile: true })
    const { files } = await project.json(['--github', '--gitlab', '--image', 'registry.example.com/shop'])
    assert.deepEqual(
      files.map(({ path }) => path),
      [GITHUB, GITLAB],
    )
    for (const { text, secrets } of files) {
      const names = secrets.map(({ name }) => name)
      assert.deepEqual(names, [
        ...['TASUKI_URL', 'TASUKI_TOKEN', 'REGISTRY_USER', 'REGISTRY_PASSWORD', 'TASUKI_CA'],
      ])
      for (const name of names) assert.ok(text.includes(`# `) && text.includes(`#   ${name}`), name)
      assert.doesNotMatch(text, /packages: write/)
    }
  })

  it('deploys the source where there is no Dockerfile, and where it is told to', async (t) => {
    const without = await projectFor(t, {})
    const told = await projectFor(t, { dockerfile: true })
    for (const { files } of [
      await without.json(['--github', '--gitlab']),
      await told.json(['--github', '--gitlab', '--source']),
    ])
      for (const { text } of files) assert.doesNotMatch(text, /docker|image: \$|IMAGE/)
  })

  it('never overwrites a file without --force, and then writes none of the others either', async (t) => {
    const project = await projectFor(t, {})
    await writeFile(join(project.root, GITLAB), 'mine: yes\n')
    const ran = await project.init(['--github', '--gitlab'])
    assert.equal(ran.code, 5)
    assert.match(ran.stderr, /\.gitlab-ci\.yml is there already; nothing was written/)
    assert.equal(await project.text(GITLAB), 'mine: yes\n')
    await assert.rejects(access(join(project.root, GITHUB)))
    assert.equal((await project.init(['--github', '--gitlab', '--force'])).code, 0)
    assert.match(await project.text(GITLAB), /scripts\/ci\/deploy\.sh/)
    assert.equal((await project.init(['--gitlab'])).code, 0, 'what is the same already is no obstacle')
  })

  it('writes nothing with --dry-run', async (t) => {
    const project = await projectFor(t, {})
    const ran = await project.init(['--github', '--dry-run'])
    assert.equal(ran.code, 0)
    assert.match(ran.stdout, /^# \.github\/workflows\/deploy\.yml\n/)
    await assert.rejects(access(join(project.root, '.github')))
  })

  it('refuses names that would mean something in YAML or in a shell', async () => {
    for (const name of ['main"; curl evil', '$(id)', 'a b', '-x', '']) refused(() => checkedBranch(name))
    for (const name of [
      'registry.example.com/Shop',
      'registry.example.com/shop:latest',
      'shop',
      'a/b',
      '$X/y',
    ])
      refused(() => checkedImage(name))
    for (const path of ['../Dockerfile', 'a/../../b', 'a b', '/etc/passwd', '$(id)'])
      refused(() => checkedPath(path))
    for (const place of ['acme/tasuki', 'acme/tasuki@v1;id', 'https://x.test/$(id)@v1', '@v1'])
      await assert.rejects(tasukiSource(place), { code: 'invalid_params' })
    assert.equal(checkedImage('localhost:5000/a/b'), 'localhost:5000/a/b')
    assert.equal(checkedBranch('release/1.x'), 'release/1.x')
  })

  it('changes nothing when a name is refused', async (t) => {
    const project = await projectFor(t, {})
    const ran = await project.init(['--github', '--branch', '$(id)'])
    assert.equal(ran.code, 2)
    await assert.rejects(access(join(project.root, '.github')))
  })

  it('does not guess whose action gets the token', async (t) => {
    const project = await projectFor(t, {})
    const elsewhere = await project.init(['--github'], ['--tasuki', 'https://git.example.com/tasuki.git@v1'])
    assert.equal(elsewhere.code, 2)
    assert.match(elsewhere.stderr, /is not at GitHub/)
  })

  it('asks what it is for', async (t) => {
    const project = await projectFor(t, {})
    const ran = await project.init([])
    assert.equal(ran.code, 2)
    assert.match(ran.stderr, /--github or --gitlab/)
  })
})

function refused(check: () => unknown): void {
  assert.throws(check, { code: 'invalid_params' })
}

interface Project {
  readonly cli: Cli
  readonly root: string
  text(path: string): Promise<string>
  init(flags: readonly string[], tasuki?: readonly string[]): ReturnType<Cli['run']>
  json(flags: readonly string[]): Promise<Written>
}

/** A repository of `acme/shop` at GitHub, on the branch `trunk`. */
async function projectFor(t: TestContext, { dockerfile = false }): Promise<Project> {
  const one = await cli()
  t.after(() => one[Symbol.asyncDispose]())
  const root = join(one.home, 'shop')
  await mkdir(root)
  t.after(() => rm(root, { recursive: true, force: true }))
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', root, ...args])
  await git('init', '-q', '-b', 'trunk')
  await git('remote', 'add', 'origin', 'git@github.com:Acme/shop.git')
  if (dockerfile) await writeFile(join(root, 'Dockerfile'), 'FROM scratch\n')
  const init = (flags: readonly string[], tasuki: readonly string[] = TASUKI) =>
    one.run(['init', '-a', 'shop', ...tasuki, ...flags], { cwd: root })
  return {
    cli: one,
    root,
    init,
    text: (path) => readFile(join(root, path), 'utf8'),
    async json(flags) {
      const ran = await init([...flags, '--json'])
      assert.equal(ran.code, 0, ran.stderr + ran.stdout)
      return JSON.parse(ran.stdout) as Written
    },
  }
}
