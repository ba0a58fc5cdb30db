import { afterEach, describe, expect, it, vi } from 'vitest'
import { openCamera, troubleOf } from './camera'

const track = { stop: vi.fn(), getCapabilities: vi.fn(() => ({})), applyConstraints: vi.fn(async () => {}) }
const stream = { getVideoTracks: () => [track], getTracks: () => [track] }
function device(secure: boolean, ask?: () => Promise<unknown>) {
  vi.stubGlobal('isSecureContext', secure)
  Object.defineProperty(navigator, 'mediaDevices', {
    value: ask && { getUserMedia: ask },
    configurable: true,
  })
}
afterEach(() => vi.unstubAllGlobals())

describe('a camera', () => {
  it('has a light where the device says so, and is closed whole', async () => {
    track.getCapabilities.mockReturnValue({ torch: true })
    device(true, async () => stream)
    const opened = await openCamera()
    if (typeof opened === 'string') throw new Error(opened)
    await opened.light?.(true)
    expect(track.applyConstraints).toHaveBeenCalledWith({ advanced: [{ torch: true }] })
    opened.close()
    expect(track.stop).toHaveBeenCalledOnce()
  })

  it('has no light where the device says nothing', async () => {
    track.getCapabilities.mockReturnValue({})
    device(true, async () => stream)
    expect(await openCamera()).not.toHaveProperty('light')
  })
})

describe('no camera', () => {
  it('is not even asked for where the page is not secure', async () => {
    const ask = vi.fn(async () => stream)
    device(false, ask)
    expect(await openCamera()).toBe('insecure')
    expect(ask).not.toHaveBeenCalled()
    device(true)
    expect(await openCamera()).toBe('none')
  })

  it.each([
    ['NotAllowedError', 'refused'],
    ['SecurityError', 'refused'],
    ['NotFoundError', 'none'],
    ['OverconstrainedError', 'none'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'busy'],
    ['TypeError', 'failed'],
  ])('%s: %s', async (name, trouble) => {
    device(true, () => Promise.reject(new DOMException('', name)))
    expect(await openCamera()).toBe(trouble)
    expect(troubleOf('?')).toBe('failed')
  })
})
