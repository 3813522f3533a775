import { parentPort, workerData } from 'node:worker_threads'
import { sealTree } from './seal.ts'

parentPort!.postMessage(sealTree(workerData as string))
