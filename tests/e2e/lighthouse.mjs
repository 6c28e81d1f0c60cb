// Audits pages for test_lighthouse.py, one after another in one process: most of a short run is Lighthouse starting.
// Each line in is a JSON object {url, form, report, options}; each line out says that its report is written, or why not.

import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import lighthouse, { desktopConfig } from 'lighthouse'

for await (const line of createInterface({ input: process.stdin })) {
  const { url, form, report, options } = JSON.parse(line)
  try {
    const result = await lighthouse(url, options, form === 'desktop' ? desktopConfig : undefined)
    await writeFile(report, result.report)
    console.log(JSON.stringify({ ok: true }))
  } catch (error) {
    console.log(JSON.stringify({ ok: false, error: String(error?.stack ?? error) }))
  }
}
