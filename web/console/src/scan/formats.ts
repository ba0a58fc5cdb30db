/** The kinds of code on devices, boxes and our own labels, by the browser's name and the library's. */
export const FORMATS = [
  ['qr_code', 'QRCode'],
  ['data_matrix', 'DataMatrix'],
  ['code_128', 'Code128'],
  ['code_39', 'Code39'],
  ['itf', 'ITF'],
  ['ean_13', 'EAN13'],
  ['ean_8', 'EAN8'],
  ['upc_a', 'UPCA'],
] as const

/** Which of them stand on goods. */
export const isGoods = (format: string) => /^(?:ean|upc)/i.test(format)

/** Which of them correct their own errors; a bar code seen once in a blurred picture may be another. */
export const isSure = (format: string) => /^(?:qr|micro_?qr|data_?matrix)/i.test(format)
