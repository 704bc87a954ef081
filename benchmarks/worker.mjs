// Runs one Node handler in a process of its own: the same contract as worker.py's.
//   node worker.mjs MODE FILE REQUESTS WARM_UP CHUNK
import { openSync, readFileSync, readSync, closeSync, writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [mode, file, requests, warmUp, chunk] = process.argv.slice(2)
const context = {
  functionName: 'analytics-tracker',
  functionVersion: '$LATEST',
  memoryLimitInMB: '1024',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:analytics-tracker',
  awsRequestId: '8f6b8e2c-1f5a-4a8e-9b53-0c1f3c1f0a11',
  getRemainingTimeInMillis: () => 9000
}
const wrong = []

const processorNanoseconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1e3
}

// The whole file would count as the handler's memory, and as its cold start.
function firstLine () {
  const descriptor = openSync(requests)
  let text = ''
  const block = Buffer.alloc(65536)
  while (!text.includes('\n')) {
    const size = readSync(descriptor, block)
    if (!size) break
    text += block.toString('latin1', 0, size)
  }
  closeSync(descriptor)
  return Buffer.from(text.split('\n', 1)[0], 'latin1').toString()
}

const first = firstLine()
const { handler } = await import(pathToFileURL(file))
const imported = processorNanoseconds()

async function invoke (line) {
  const answer = await handler(JSON.parse(line), context)
  if (answer.statusCode !== 200) wrong.push(JSON.stringify(answer).slice(0, 400))
}

async function chunks (step, lines) {
  const noted = []
  let marks = null
  const note = () => {
    const now = [processorNanoseconds(), Number(process.hrtime.bigint())]
    if (marks) noted.push([now[0] - marks[0], now[1] - marks[1]])
    marks = now
  }
  for (const [count, line] of lines.entries()) {
    if (count % chunk === 0) note()
    await step(line)
  }
  note()
  return noted
}

await invoke(first)
const result = { cold_cpu_ms: processorNanoseconds() / 1e6, import_cpu_ms: imported / 1e6 }
if (mode === 'warm') {
  const lines = readFileSync(requests, 'utf8').trimEnd().split('\n')
  for (const line of lines.slice(1, warmUp)) await invoke(line)
  const rest = lines.slice(warmUp)
  result.chunks = await chunks(invoke, rest)
  result.bare = await chunks(async line => { JSON.parse(line) }, rest)
  result.rss_kib = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
}
result.wrong = wrong.length
result.first_wrong = wrong.slice(0, 1)
writeSync(1, JSON.stringify(result) + '\n')
process.exit(0)
