/** Replacing a lost terminal: its steps, what is wrong with a device, and the checklist. */
import type {
  DeviceChannel,
  DeviceKind,
  DeviceRefusal,
  DeviceSign,
  DeviceWarning,
  ReplacementState,
} from '@/api/types'
import { plural, say, type Words } from './say'

const state: Words<ReplacementState> = {
  begun: say('待选设备', 'A device is to be picked'),
  refused: say('这台设备不能用', 'This device must not be used'),
  warned: say('有提示，要写明理由', 'Something needs a ground'),
  device_checked: say('设备已核查，待绑定', 'Device checked, to be bound'),
  bound: say('已绑定，待旧密钥失效', 'Bound; the old keys are to die'),
  old_keys_dead: say('旧密钥已失效，待核对新密钥', 'Old keys dead; the new ones are to be checked'),
  keys_loaded: say('新密钥已核对，待试刷', 'New keys checked; to be tried'),
  testing: say('正在试刷', 'Being tried'),
  tested: say('试刷通过，待签检查单', 'Tried; the checklist is to be signed'),
  signed: say('检查单已签，待启用', 'Checklist signed; to go live'),
  live: say('已启用', 'Live'),
  returned: say('已归还', 'Returned'),
  withdrawn: say('已撤回', 'Withdrawn'),
}

const refusal: Words<DeviceRefusal> = {
  serial_form: say('序列号不像真的', 'The serial number can be none'),
  tusn_form: say(
    'TUSN 不对：前 6 位厂商、2 位类型，至少 16 位',
    'The TUSN can be none: six digits of the maker, two of the kind, 16 characters at least',
  ),
  tusn_serial: say('TUSN 的末尾不是这个序列号', 'The TUSN does not end with this serial number'),
  tusn_maker: say('TUSN 是别的厂商的', 'The TUSN is another maker’s'),
  tusn_kind: say('TUSN 是别的设备类型的', 'The TUSN is of another kind of device'),
  lost: say('这台设备在报失中（也可能就是丢的那台）', 'It is reported lost; it may be the lost one itself'),
  bound_elsewhere: say('这台设备已经登记为别的终端', 'It is registered as another terminal already'),
  duplicate: say('另一条换机记录正在用这台设备', 'Another replacement under way has it'),
  certificate_missing: say('没有认证编号', 'No certificate is named'),
  unionpay_form: say(
    '银联入网编号不对：一个字母加四位数字',
    'UnionPay’s number can be none: a letter and four digits',
  ),
  pts_form: say('PCI PTS 编号不对：4- 加五位数字', 'The PCI PTS number can be none: 4- and five digits'),
  certificate_model: say('认证不是这个型号的', 'The certificate is of another model'),
  certificate_versions: say(
    '认证的硬件或固件版本没有写',
    'Hardware or firmware of the certificate is not said',
  ),
  seal_broken: say('封签破了', 'The seal is broken'),
  seal_other: say('封签号与发货单不一致', 'The seal is not the one on the dispatch notice'),
  box_serial: say('包装箱上是另一台的序列号', 'The box is another device’s'),
  altered: say('设备被改过', 'It was altered'),
}

const warning: Words<DeviceWarning> = {
  pts_expired: say('PCI PTS 认证版本已过期', 'Its PCI PTS version has expired'),
  pts_version_unknown: say('不知道 PCI PTS 的版本', 'The PCI PTS version is not known'),
  not_compared: say('没有发货单或包装箱可以对照', 'There is no dispatch notice or box to compare it with'),
  grey_market: say('来路不清：没有人为它负责', 'Bought where nobody answers for it'),
}

const kind: Words<DeviceKind> = {
  pos: say('传统 POS', 'Classic POS'),
  mpos: say('手机 POS', 'mPOS'),
  smart: say('智能 POS', 'Smart POS'),
  phone: say('手机', 'Telephone'),
  face: say('刷脸', 'Face reader'),
  code: say('扫码', 'Code reader'),
}

const channel: Words<DeviceChannel> = {
  acquirer: say('收单机构发的', 'From the acquirer'),
  maker: say('厂商买的', 'From the maker'),
  agent: say('授权代理', 'From a named agent'),
  online_shop: say('官方网店', 'From their shop on the internet'),
  second_hand: say('二手', 'Second hand'),
  other: say('其他（例如只在聊天里买的）', 'Otherwise, for example by chat only'),
}

const sign: Words<DeviceSign> = {
  no_agency: say('卖家说不清是谁的代理', 'The seller cannot say whose agent he is'),
  chat_sale: say('只在聊天软件里卖', 'Sold by chat only'),
  settles_elsewhere: say('钱要先经过别人', 'The money would go by way of somebody else'),
  altered: say('改过机', 'It was altered'),
}

const step = {
  device: say('选设备，查来源', 'Pick and check a device'),
  bind: say('绑定到商户', 'Bind it to the merchant'),
  old_keys: say('旧密钥失效', 'Old keys dead'),
  keys: say('核对新密钥', 'Check the new keys'),
  test: say('试刷', 'Try a sale'),
  sign: say('签安全检查单', 'Sign the checklist'),
  live: say('启用', 'Go live'),
}

/** Whose a step is, said to those whose it is not. */
const who = {
  device: say(
    '由店主、运维或风控选定设备。',
    'The owner, or the acquirer’s field and operations, picks the device.',
  ),
  bind: say('由收单机构绑定。', 'The acquirer’s people bind it.'),
  old_keys: say('由收单机构让旧密钥失效。', 'The acquirer’s people end the old keys.'),
  keys: say('由收单机构核对新密钥。', 'The acquirer’s people check the new keys.'),
  test: say('由装机的人试刷。', 'Whoever installs it tries a sale.'),
  sign: say('由店主或店长签。', 'The owner or manager signs.'),
  live: say('由店主或店长启用。', 'The owner or manager lets it go live.'),
}

export const replacement = {
  title: say('换机', 'Replacement'),
  lead: say(
    '一步一步来，前一步没完成，后一步做不了。旧终端的密钥失效之前，新终端不会启用。',
    'Step by step: none can be taken before the one ahead of it. The new terminal does not go live before the old one’s keys are dead.',
  ),
  begin: say('开始换机', 'Begin to replace it'),
  begin_loaner: say('先借一台备用机', 'Borrow one meanwhile'),
  none: say('还没有开始换机。', 'No replacement is under way.'),
  loaner: say('备用机', 'Loaner'),
  real: say('新终端', 'New terminal'),
  next: say(
    (at: number, of: number) => `下一步 · ${at} / ${of}`,
    (at, of) => `Next · ${at} of ${of}`,
  ),
  state,
  refusal,
  warning,
  kind,
  channel,
  sign,
  step,
  who,
  they_say: say('对方说', 'They say'),
  we_found: say('系统查实', 'Found by the server'),
  refused_title: say('这台不能用，原因：', 'This device must not be used:'),
  refused_next: say('换一台，再核查。', 'Take another one and check it.'),
  warned_title: say('这台可以用，但要写明理由：', 'It may be used, on a ground:'),
  ground: say('为什么仍然使用', 'Why it is used all the same'),
  accept: say('写明理由，使用这台', 'Use it on this ground'),
  another: say('换另一台', 'Take another one'),
  needed: say('这一项要填。', 'This is needed.'),
  on_device: say('设备', 'The device'),
  serial: say('序列号', 'Serial number'),
  serial_hint: say('照机身背面的标签填', 'As on the label at its back'),
  tusn: say('TUSN（有就填）', 'TUSN, if it has one'),
  device_kind: say('设备类型', 'Kind of device'),
  make: say('厂商', 'Maker'),
  model: say('型号', 'Model'),
  supplier: say('谁卖的、谁借的', 'Who sold or lends it'),
  device_channel: say('怎么买来的', 'How it was bought'),
  on_certificate: say('认证', 'Certificate'),
  unionpay: say('银联入网编号', 'UnionPay entry number'),
  pts: say('PCI PTS 编号', 'PCI PTS approval'),
  pts_version: say('PCI PTS 版本', 'PCI PTS version'),
  certificate_model: say('认证上的型号', 'Model on the certificate'),
  hardware: say('认证的硬件版本', 'Certified hardware'),
  firmware: say('认证的固件版本', 'Certified firmware'),
  on_delivery: say('到货', 'Delivery'),
  seal: say('封签号', 'Number on the seal'),
  dispatched_seal: say('发货单上的封签号', 'Seal number on the dispatch notice'),
  box_serial: say('包装箱上的序列号', 'Serial number on the box'),
  seal_is_whole: say('封签完好，没有撕过的痕迹', 'The seal is whole, without a trace of tearing'),
  on_signs: say('有没有这些情况', 'Any of these?'),
  check: say('核查这台设备', 'Check this device'),
  terminal_id: say('新的终端号', 'New terminal number'),
  terminal_id_hint: say('收单机构给的，不能是丢的那台的', 'From the acquirer; never the lost one’s'),
  name: say('店里怎么叫它', 'What the shop calls it'),
  bind_lead: say(
    '从丢的那台抄过来：门店、五要素、布放地址、语言和时区。收银员是门店的，不用抄；商品不在这里保存。绑定后 2 天内收单机构要报送。',
    'Copied from the lost one: shop, the five elements, place, language and zone. Operators are the shop’s and are there already; goods are not kept here. The acquirer’s notice is due within 2 days.',
  ),
  bind: say('绑定', 'Bind it'),
  old_keys_gate: say(
    '系统从密钥库里删掉丢失终端的主密钥和工作密钥，再核对一遍记录。不能撤销；找回来以后要重新灌密钥。',
    'The server takes the lost terminal’s master and working keys out of its store and looks that they are gone. It cannot be undone: found again, it needs new keys.',
  ),
  old_keys_outside: say(
    '密钥在收单机构手里。问他们：旧终端的密钥作废了没有？记下编号、谁说的、从什么时候起。',
    'The acquirer has the keys. Ask whether the old terminal’s keys are revoked; write down the number, who said so and since when.',
  ),
  end_old_keys: say('让旧密钥失效', 'End the old keys'),
  reference: say('对方给的编号', 'The number they gave'),
  by: say('谁说的', 'Who said so'),
  since: say('从什么时候起失效', 'Dead since'),
  write_down: say('记下', 'Write it down'),
  set_key: say('先在终端页面设置主密钥', 'Set the master key on the terminal’s page first'),
  check_value: say('设备上显示的校验值', 'Check value on the device'),
  check_value_hint: say('6 位或 8 位，系统与记录比对', 'Six or eight digits; compared with the record'),
  compare: say('核对', 'Compare'),
  loaded_by: say('谁、怎么灌的密钥', 'Who loaded the keys, and how'),
  test_lead: say(
    '打开后 15 分钟内新终端可以收款：签到，刷一笔，再撤销。到时间自动锁上。',
    'For 15 minutes the new terminal may sell: sign in, sell something, void it. Then it is held again by itself.',
  ),
  begin_test: say('开始试刷', 'Begin the test'),
  test_until: say(
    (until: string) => `${until} 前可以试刷。每一笔都要撤销。`,
    (until) => `It may sell until ${until}. Void every sale.`,
  ),
  pass_test: say('刷过也撤销了，核对', 'Sold and voided: look'),
  receipt: say('小票上的编号', 'Number on the receipt'),
  yes: say('是', 'Yes'),
  no: say('不是', 'No'),
  note: say('说明', 'Note'),
  note_needed: say('选了“不是”，请写一句说明。', 'Say in a sentence why it is not so.'),
  answer_needed: say('每一条都要选。', 'Each line needs an answer.'),
  sign_it: say('签字', 'Sign'),
  sign_lead: say(
    '签字后文字冻结，记下你的账号、时间和校验值。',
    'With your signature the text is frozen, with your log-in, the time and its digest.',
  ),
  digest: say('检查单校验值', 'Digest of the checklist'),
  live_lead: say(
    '启用后新终端可以收款。旧终端仍然停用。',
    'From then on the new terminal sells. The old one stays stopped.',
  ),
  go_live: say('启用新终端', 'Go live'),
  give_back: say('归还备用机', 'Give the loaner back'),
  give_back_ground: say('还给了谁，清空了没有', 'To whom, and how it was cleared'),
  withdraw: say('撤回', 'Withdraw'),
  withdraw_ground: say('为什么撤回', 'Why'),
  terminal: say('终端', 'Terminal'),
  days: say('没有终端', 'Without a terminal'),
  days_count: say(
    (days: number, still: boolean) => `${days} 天${still ? '，还在继续' : ''}`,
    (days, still) => `${plural(days, 'day')}${still ? ' so far' : ''}`,
  ),
  usual_title: say('同样的日子平常收', 'Usual takings of such days'),
  usual: say(
    (takings: string, days: number) => `${takings}（之前 ${days} 天，同星期的中位数）`,
    (takings, days) => `${takings} (median of the same weekdays, ${plural(days, 'day')} before)`,
  ),
  usual_unknown: say('未知：之前的交易不够', 'Not known: too few payments before'),
  claim: say('给保险公司的表（CSV）', 'Table for the insurer (CSV)'),
}
