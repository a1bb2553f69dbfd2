// Sends calls of every kind through Segment's Node client: node send.mjs HOST WRITE_KEY CUSTOMERS
import { Analytics } from '@segment/analytics-node'

const [host, writeKey, customers] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 50, path: '/v1/batch' })
const failed = []
analytics.on('error', (error) => failed.push(String(error.reason ?? error.code)))
for (let number = 0; number < Number(customers); number += 1) {
  const userId = `u${number}`
  analytics.track({ anonymousId: `v${number}`, event: 'Pricing Viewed' })
  analytics.identify({ userId, anonymousId: `v${number}`, traits: { number } })
  analytics.group({ userId, groupId: 'acme', traits: { seats: 3 } })
  analytics.page({ userId, category: 'Docs', name: 'Home' })
  analytics.screen({ userId, category: 'App', name: 'Main' })
  analytics.alias({ previousId: userId, userId: `known${number}` })
  analytics.track({ userId: `known${number}`, event: 'Order Completed', properties: { order_id: String(number) } })
}
await analytics.closeAndFlush({ timeout: 60000 })
console.log(JSON.stringify({ failed }))
