// mqtt.js as the client of a broker: mqttjs_story.cjs CA_FILE URL... Each URL with 3.1.1 and 5.0: every QoS, a session that is resumed, retained
// messages, a will, a shared subscription. Prints a line for each; the status is not 0 when one goes wrong.
'use strict'
const assert = require('assert')
const fs = require('fs')
const mqtt = require('mqtt')

const ca = fs.readFileSync(process.argv[2])
const inTime = (what, promise) => {
  let timer
  const late = new Promise((resolve, reject) => { timer = setTimeout(() => reject(new Error('waited in vain for ' + what)), 60000) })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

class Peer {
  constructor (url, version, id, more = {}) {
    this.messages = []
    this.waiting = null
    this.client = mqtt.connect(url, { protocolVersion: version, clientId: id, reconnectPeriod: 0, ca, ...more })
    this.client.on('message', (topic, payload, packet) => {
      this.messages.push({ topic, text: payload.toString(), qos: packet.qos, retain: packet.retain, properties: packet.properties })
      if (this.waiting) this.waiting()
    })
  }

  static async connect (...how) {
    const made = new Peer(...how)
    made.connack = await inTime('CONNACK', new Promise((resolve, reject) => {
      made.client.once('connect', resolve)
      made.client.once('error', reject)
    }))
    return made
  }

  call (what, ...args) {
    return inTime(what, new Promise((resolve, reject) => this.client[what](...args, (error, value) => error ? reject(error) : resolve(value))))
  }

  async next (what) {
    while (this.messages.length === 0) await inTime(what, new Promise(resolve => { this.waiting = resolve }))
    return this.messages.shift()
  }
}

async function story (url, version, name) {
  const is5 = version === 5
  const kept = { clean: false, ...(is5 ? { properties: { sessionExpiryInterval: 100 } } : {}) }
  const writer = await Peer.connect(url, version, name + '-writer')
  let keeper = await Peer.connect(url, version, name + '-keeper', kept)
  assert.strictEqual(keeper.connack.sessionPresent, false)
  const granted = await keeper.call('subscribe', name + '/t/#', { qos: 2 })
  assert.strictEqual(granted[0].qos, 2)

  for (const qos of [0, 1, 2]) {
    await writer.call('publish', name + '/t/' + qos, 'said ' + qos, { qos, ...(is5 ? { properties: { userProperties: { a: '1' } } } : {}) })
    const m = await keeper.next('QoS ' + qos)
    assert.deepStrictEqual([m.topic, m.text, m.qos, m.retain], [name + '/t/' + qos, 'said ' + qos, qos, false])
    if (is5) assert.strictEqual(m.properties.userProperties.a, '1')
  }

  await keeper.call('end', false, {})
  for (const qos of [1, 2]) await writer.call('publish', name + '/t/late', 'late ' + qos, { qos })
  keeper = await Peer.connect(url, version, name + '-keeper', kept)
  assert.strictEqual(keeper.connack.sessionPresent, true)
  for (const qos of [1, 2]) assert.strictEqual((await keeper.next('what was queued')).text, 'late ' + qos)

  await writer.call('publish', name + '/r', 'kept', { qos: 1, retain: true })
  await keeper.call('subscribe', name + '/r', { qos: 1 })
  const old = await keeper.next('the retained message')
  assert.deepStrictEqual([old.text, old.retain], ['kept', true])
  await writer.call('publish', name + '/r', '', { qos: 1, retain: true })
  assert.strictEqual((await keeper.next('its end')).text, '')

  const mortal = await Peer.connect(url, version, name + '-mortal', { will: { topic: name + '/t/will', payload: 'gone', qos: 1 } })
  mortal.client.stream.destroy()
  assert.strictEqual((await keeper.next('the will')).text, 'gone')

  if (is5) {
    const members = [await Peer.connect(url, version, name + '-a'), await Peer.connect(url, version, name + '-b')]
    for (const each of members) await each.call('subscribe', '$share/group/' + name + '/s', { qos: 1 })
    for (let i = 0; i < 10; ++i) await writer.call('publish', name + '/s', String(i), { qos: 1 })
    for (const each of members) for (let i = 0; i < 5; ++i) await each.next('its share')
    for (const each of members) assert.strictEqual(each.messages.length, 0)
    for (const each of members) await each.call('end', false, {})
  }
  await keeper.call('unsubscribe', name + '/t/#')
  for (const each of [writer, keeper]) await each.call('end', false, {})
}

async function main () {
  let number = 0
  for (const url of process.argv.slice(3)) {
    for (const version of [4, 5]) {
      await story(url, version, 'js' + ++number)
      console.log(`${url} ${version}: good`)
    }
  }
}

main().then(() => process.exit(0), error => {
  console.error(error)
  process.exit(1)
})
