/** Reads a long answer part by part, and says how many bytes have come, and of how many. */
export function collect(progress: (come: number, of: number) => void) {
  return async (answer: Response, moves: () => void): Promise<Blob> => {
    const of = Number(answer.headers.get('Content-Length') ?? 0)
    const parts: BlobPart[] = []
    let come = 0
    for (const reader = answer.body!.getReader(); ;) {
      const { done, value } = await reader.read()
      if (done) return new Blob(parts, { type: answer.headers.get('Content-Type') ?? '' })
      parts.push(value)
      progress((come += value.byteLength), of)
      moves()
    }
  }
}
