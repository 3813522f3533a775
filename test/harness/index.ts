import type { TestContext } from 'node:test'
import { type ServerOptions, TestServer } from './server.ts'

export { sourceFrom, TestApp } from './app.ts'
export { processesOf, processOfInstance, processOfInstanceId, routerProcesses, signal } from './processes.ts'
export { type Ran, run } from './run.ts'
export { TestServer } from './server.ts'
export { until } from './until.ts'

/** A server for one test: it is gone when the test has ended, and shows its log when the test failed. */
export async function serverFor(t: TestContext, options: ServerOptions = {}): Promise<TestServer> {
  const server = await TestServer.start(options)
  t.after(async () => {
    // The types of Node 24 leave `passed` out.
    if (!(t as TestContext & { readonly passed: boolean }).passed) t.diagnostic(server.log())
    await server.close()
  })
  return server
}
