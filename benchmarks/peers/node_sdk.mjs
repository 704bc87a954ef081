// A handler by hand with the AWS SDK for JavaScript, version 3: one object for each event.
import { createHmac, randomBytes } from 'node:crypto'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const s3 = new S3Client({ forcePathStyle: true })
const allowed = new Set(process.env.PEER_BUCKETS.split(','))
const salt = process.env.PEER_SALT
const headers = { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' }

const ID = /^[A-Za-z0-9-]{8,64}$/
const BOT = /bot|crawl|spider|curl|headless/i
const TABLET = /iPad|Tablet|Android(?!.*Mobile)/
const MOBILE = /Mobi|iPhone|Android/
const BROWSER = /(Edg|OPR|SamsungBrowser|Firefox|Chrome|CriOS|Safari)\//
const SYSTEM = /Windows|iPhone|iPad|Macintosh|Android|CrOS|Linux/

class Wrong extends Error {
  constructor (message, status = 400) {
    super(message)
    this.status = status
  }
}

const isText = value => value === undefined || typeof value === 'string'
const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)

function device (agent) {
  if (BOT.test(agent)) return { device_type: null, browser: null, os: null, is_bot: true }
  const form = TABLET.test(agent) ? 'tablet' : MOBILE.test(agent) ? 'mobile' : 'desktop'
  return {
    device_type: form,
    browser: BROWSER.exec(agent)?.[1] ?? null,
    os: SYSTEM.exec(agent)?.[0] ?? null,
    is_bot: false
  }
}

function check (event) {
  if (!isObject(event)) throw new Wrong('An event must be a JSON object')
  for (const name of ['bucket', 'eventType', 'timestamp']) {
    if (typeof event[name] !== 'string' || !event[name]) throw new Wrong(`Missing required field: ${name}`)
  }
  if (!allowed.has(event.bucket)) throw new Wrong('Forbidden', 403)
  for (const name of ['page', 'sessionId', 'referrer', 'userAgent']) {
    if (!isText(event[name])) throw new Wrong(`Invalid field: ${name}`)
  }
  if (event.eventType.length > 128 || event.sessionId?.length > 128) throw new Wrong('Too long')
  if (event.eventId !== undefined && !ID.test(event.eventId)) throw new Wrong('Invalid field: eventId')
  const viewport = event.viewport ?? {}
  if (!isObject(viewport) || !Object.values(viewport).every(Number.isInteger)) throw new Wrong('Invalid field: viewport')
  if (!isObject(event.metadata ?? {})) throw new Wrong('Invalid field: metadata')
}

async function store (event, sender, now) {
  check(event)
  const instant = new Date(event.timestamp)
  if (Number.isNaN(instant.getTime())) throw new Wrong('Invalid field: timestamp')
  const eventId = event.eventId ?? `${Math.floor(now / 1000)}-${randomBytes(4).toString('hex')}`
  const agent = event.userAgent || sender.userAgent
  const metadata = event.metadata
  const record = {
    eventId,
    eventType: event.eventType,
    timestamp: event.timestamp,
    serverTimestamp: now.toISOString(),
    page: event.page ?? null,
    sessionId: sender.isPrivate ? null : event.sessionId ?? null,
    ip: sender.isPrivate ? null : createHmac('sha256', salt).update(sender.address).digest('hex').slice(0, 16),
    location: { country: null, city: null, region: null },
    device: device(agent),
    viewport: event.viewport ?? null,
    referrer: event.referrer ?? null,
    userAgent: sender.isPrivate ? null : agent,
    metadata: metadata && Object.keys(metadata).length ? JSON.stringify(metadata) : null
  }
  const [year, month, day] = instant.toISOString().slice(0, 10).split('-')
  try {
    await s3.send(new PutObjectCommand({
      Bucket: event.bucket,
      Key: `analytics/year=${year}/month=${month}/day=${day}/${eventId}.json`,
      Body: JSON.stringify(record),
      ContentType: 'application/json',
      IfNoneMatch: '*'
    }))
  } catch (error) {
    if (error.name !== 'PreconditionFailed') throw error
  }
  return eventId
}

const reply = (statusCode, body) => ({ statusCode, headers, body: JSON.stringify(body) })

export async function handler (request) {
  const now = new Date()
  try {
    const named = Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k.toLowerCase(), v]))
    const sender = {
      userAgent: named['user-agent'] ?? '',
      isPrivate: named['sec-gpc'] === '1' || named.dnt === '1',
      address: request.requestContext.identity.sourceIp
    }
    let body
    try {
      body = JSON.parse(request.isBase64Encoded ? Buffer.from(request.body, 'base64').toString() : request.body)
    } catch {
      throw new Wrong('Invalid JSON in request body')
    }
    // One after the other: an instance has one processor, and shares of it cost the same.
    const eventIds = []
    for (const event of body?.events ?? [body]) eventIds.push(await store(event, sender, now))
    return reply(200, { status: 'ok', eventIds })
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    return reply(error.status, { error: error.message })
  }
}
