// Somebody with a phone: whatever is tapped and typed is counted, and nothing else leads from page to page.

/** Longer than people take who know the page: a tap with the look for it; a key, on glass, copied from a label. */
const TAP_MS = 3_000
const KEY_MS = 1_000
/** A Chinese character takes its spelling and a choice. */
const KEYS_PER_CHARACTER = 4

const keys = (text) =>
  [...text].reduce((sum, one) => sum + (/\p{Script=Han}/u.test(one) ? KEYS_PER_CHARACTER : 1), 0)

export class Person {
  taps = 0
  keys = 0

  async tap(where) {
    this.taps += 1
    await where.click()
  }

  async type(where, text) {
    await this.tap(where)
    this.keys += keys(text)
    await where.pressSequentially(text)
  }

  /** A list that opens and one line of it. */
  async choose(where, value) {
    this.taps += 2
    await where.selectOption(value)
  }

  /** A day and a time, from the phone's own wheel: open it, turn both, close it. */
  async turn(where, moment) {
    this.taps += 4
    await where.fill(moment)
  }

  /** How long a slow person takes for it by these figures; reading comes on top. */
  get slow_ms() {
    return this.taps * TAP_MS + this.keys * KEY_MS
  }
}
