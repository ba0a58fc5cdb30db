/** Reading a terminal's label, and printing our own. */
import type { Refusal } from '@/scan/label'
import type { Hitch } from '@/scan/looking'
import { plural, say, type Words } from './say'

export const scan = {
  page: say('扫标签', 'Scan a label'),
  page_lead: say(
    '看看手上这台是哪一台、现在什么状态。',
    'See which terminal you have in hand, and how it stands.',
  ),
  title: say('扫描标签', 'Scan the label'),
  lead: say(
    '标签在机器背面，扫 SN 旁边的条码或二维码。扫码枪直接扫，不用点任何地方。',
    'The label is on the back: scan the bar code or QR code beside SN. A hand scanner works at once, without a tap.',
  ),
  open: say('打开相机', 'Open the camera'),
  opening: say('正在打开……请允许使用相机。', 'Opening… Please allow the camera.'),
  looking: say('把标签放进框里，拿稳。', 'Hold the label inside the frame, and still.'),
  picture: say('相机画面', 'What the camera sees'),
  close: say('关闭相机', 'Close the camera'),
  photo: say('选一张照片', 'Choose a photo'),
  light_on: say('开灯', 'Light on'),
  light_off: say('关灯', 'Light off'),
  read: say('读到的，请核对：', 'This is what it says. Is it right?'),
  which: say('这是 TID，还是序列号？', 'Is this the TID or the serial number?'),
  as_tid: say('是 TID', 'It is the TID'),
  as_serial: say('是序列号', 'It is the serial number'),
  accept: say('对，就用这个', 'Yes, use it'),
  again: say('不对，重新扫', 'No, scan again'),
  drop: say('不用这个', 'No, leave it'),
  field: {
    serial: say('序列号 SN', 'Serial number'),
    terminal_id: say('终端号 TID', 'TID'),
    model: say('型号', 'Model'),
    maker: say('厂商', 'Maker'),
  },
  hitch: {
    insecure: say(
      '这个网址没有加密（不是 https），浏览器不让用相机。请选一张照片，或者手工输入。',
      'This address is not secure (https), so the browser keeps the camera shut. Choose a photo, or type it in.',
    ),
    none: say(
      '这台设备没有相机。请选一张照片，或者手工输入。',
      'This device has no camera. Choose a photo, or type it in.',
    ),
    refused: say(
      '没有相机权限。请在浏览器的网站设置里允许相机，再打开；也可以选一张照片，或者手工输入。',
      'The camera was not allowed. Allow it in the browser’s settings for this site, then open it again; or choose a photo, or type it in.',
    ),
    busy: say(
      '相机打不开，可能别的应用正在用。关掉它再试，或者选一张照片。',
      'The camera does not open; another app may have it. Close that and try again, or choose a photo.',
    ),
    failed: say(
      '相机打不开。请选一张照片，或者手工输入。',
      'The camera does not open. Choose a photo, or type it in.',
    ),
    no_reader: say(
      '读码程序没有装上，可能网络断了，或者浏览器太旧。可以再试一次，或者手工输入。',
      'The code reader did not load: no network, or an old browser. Try again, or type it in.',
    ),
    out_of_sight: say(
      '页面不在眼前，相机已经关了。',
      'The camera was closed because the page was out of sight.',
    ),
    bad_photo: say(
      '这个文件打不开，或者太大。请换一张照片。',
      'This file is no picture, or too large. Choose another photo.',
    ),
    empty_photo: say(
      '照片里没有找到条码或二维码。靠近一点、拿稳，再拍一张。',
      'No code found in the photo. Take another, closer and steady.',
    ),
  } satisfies Words<Hitch>,
  refused: {
    empty: say('码里没有内容。', 'The code is empty.'),
    too_long: say('内容太长，不是终端标签。', 'Too long to be a terminal’s label.'),
    hidden_characters: say(
      '码里有看不见的字符，不能用。请照着标签手工输入。',
      'The code has characters that cannot be seen, and is not used. Type what the label says.',
    ),
    elsewhere: say(
      '这是别处的链接，不是终端标签；没有打开它。',
      'This is a link to somewhere else, not a terminal’s label. It was not opened.',
    ),
    goods: say(
      '这是包装上的商品条码。请扫 SN 旁边的那个。',
      'This is the goods code of the box. Scan the one beside SN.',
    ),
    payment: say(
      '这是付款码，不是终端标签；没有留下它。',
      'This is a payment code, not a label. It was not kept.',
    ),
    card: say(
      '这像是银行卡号，不是终端标签；没有留下它。',
      'This looks like a card number. It was not kept.',
    ),
    device_number: say(
      '这是机器的另一个号码（IMEI、MAC 或 SIM 卡）。请扫 SN 旁边的那个。',
      'This is another number of the device (IMEI, MAC or SIM). Scan the one beside SN.',
    ),
    several: say(
      '画面里有好几台的号码。靠近一点，一次只扫一台。',
      'Numbers of more than one terminal are in view. Come closer to one.',
    ),
    unclear: say(
      '看不出序列号或 TID。请扫 SN 旁边的码，或者手工输入。',
      'No serial number or TID in it. Scan the code beside SN, or type it in.',
    ),
  } satisfies Words<Refusal>,
  typed: say('或者输入序列号或 TID', 'Or type the serial number or TID'),
  find: say('查找', 'Find'),
  unknown: say(
    (what: string) => `这里没有登记 ${what}。`,
    (what) => `${what} is not registered here.`,
  ),
  unknown_hint: say(
    '看看有没有抄错；也可能登记在别的商户名下。',
    'Check for a slip; it may also be registered to another merchant.',
  ),
  report: say('报失这一台', 'Report this one lost'),
}

export const labels = {
  title: say('打印标签', 'Labels to print'),
  lead: say(
    '贴在终端上，谁捡到、谁发现丢了，一扫就到这一台的报失页面（要登录）。码里只有网址和终端号。',
    'One for each terminal: scanned, it opens that terminal’s report page (after signing in). It holds only the address and the TID.',
  ),
  shop: say('门店', 'Shop'),
  all_shops: say('全部门店', 'All shops'),
  search: say('终端名、序列号、TID', 'Name, serial, TID'),
  chosen: say(
    (count: number, sheets: number) => `${count} 张标签，${sheets} 页`,
    (count, sheets) => `${plural(count, 'label')} on ${plural(sheets, 'sheet')}`,
  ),
  all: say('全选', 'All'),
  nothing: say('全不选', 'None'),
  terminals: say('要打印的终端', 'Terminals to print'),
  first: say('从第几格开始（1–24）', 'Begin at label (1–24)'),
  first_hint: say('用过的标签纸接着用', 'to use up a sheet begun before'),
  print: say('打印', 'Print'),
  print_hint: say(
    'A4 标签纸，3 列 × 8 行，每格 70 × 37 毫米。打印时选“实际大小（100%）”，不要页边距。',
    'A4 label sheets of 3 × 8, 70 × 37 mm each. Print at 100 %, without margins.',
  ),
  preview: say('打印出来的样子', 'As printed'),
  here_only: say(
    (origin: string) => `标签会写上 ${origin}，只有这台电脑打得开。请用手机也能打开的网址进来，再打印。`,
    (origin) =>
      `The labels would say ${origin}, which only this computer can open. Come in by the address that phones use, then print.`,
  ),
  choose: say('先选门店，或者搜索。', 'Choose a shop or search first.'),
  none: say('没有可以打印的终端。', 'No terminals to print.'),
  more: say(
    (most: string) => `一次最多 ${most} 台，请选门店或搜索。`,
    (most) => `At most ${most} at a time: choose a shop or search.`,
  ),
}

/** On every label, in both languages. */
export const label_words = {
  lost: say('丢了？扫码报失', 'Lost? Scan and report'),
}
