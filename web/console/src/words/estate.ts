/** The estate as people keep it: shops, terminals, people, invitations. */
import type {
  Provider,
  AccountAction,
  InvitationAction,
  MerchantAction,
  MerchantState,
  OperatorAction,
  ShopAction,
  ShopState,
  TerminalControl,
} from '@/api/types'
import { plural, say, type Words } from './say'

export const merchant_verb = {
  change: say('修改', 'Change'),
  retire: say('停业', 'Close this merchant'),
  restore: say('恢复营业', 'Open it again'),
} satisfies Words<MerchantAction>

export const merchants = {
  lead: say('签约的商户；门店和终端都在它们名下。', 'Who is signed: shops and terminals are theirs.'),
  add: say('添加商户', 'Add a merchant'),
  search: say('名称、编号', 'Name, number'),
  name: say('商户名称', 'Name'),
  name_hint: say('写进停用申请，和登记的一致', 'As registered: it goes into the stop request'),
  name_needed: say('请填写商户名称', 'Give it a name'),
  number: say('商户编号', 'Merchant number'),
  number_hint: say(
    '报文的域 42；不填就由本系统编一个。以后不能改。',
    'Field 42 of its messages. Left empty, it gets a number of ours. It never changes.',
  ),
  code: say('统一社会信用代码', 'Unified social credit code'),
  code_hint: say(
    '也可填注册号或小微商户的身份证号；写进停用申请',
    'Or a registration or identity number; it goes into the stop request',
  ),
  trade: say('卖什么', 'What it sells'),
  trade_hint: say('例如 小吃', 'For example: snacks'),
  name_en: say('英文名称', 'Name in English'),
  name_en_hint: say('不填就用商户名称', 'Left empty: the name above'),
  in_use: say('在用终端', 'Terminals in use'),
  state: { active: say('营业中', 'Open'), retired: say('已停业', 'Closed') } satisfies Words<MerchantState>,
  empty_title: say('还没有商户', 'No merchants yet'),
  empty_text: say('先添加商户，再添加门店和终端。', 'Add a merchant first, then its shops and terminals.'),
  no_match: say('没有符合条件的商户。', 'Nothing fits this filter.'),
  more_shops: say(
    (count: number) => `只列出前 ${count} 家门店。`,
    (count) => `The first ${count} shops are listed.`,
  ),
  happened: {
    create: say('添加', 'Added'),
    change: say('修改', 'Changed'),
    retire: say('停业', 'Closed'),
    restore: say('恢复营业', 'Open again'),
    settlement_held: say('暂缓结算', 'Settlement held'),
    settlement_released: say('解除暂缓结算', 'Settlement released'),
  },
}

export const shop_verb = {
  change: say('修改', 'Change'),
  retire: say('停业', 'Close this shop'),
  restore: say('恢复营业', 'Open it again'),
} satisfies Words<ShopAction>

export const shops = {
  title: say('门店', 'Shops'),
  lead: say('终端放在哪些地方。', 'The places where terminals stand.'),
  add: say('添加门店', 'Add a shop'),
  search: say('店名、地址', 'Name, address'),
  name: say('店名', 'Name'),
  name_hint: say('平时的叫法，例如 城南店', 'What people call it'),
  name_needed: say('请填写店名', 'Give it a name'),
  address: say('地址', 'Address'),
  address_hint: say(
    '终端登记的布放地址，会写进停用申请',
    'Where its terminals are registered to stand: it goes into the stop request',
  ),
  address_needed: say('请填写地址', 'Say where it is'),
  merchant: say('商户', 'Merchant'),
  terminals: say(
    (count: number) => `${count} 台终端`,
    (count) => plural(count, 'terminal'),
  ),
  state: { active: say('营业中', 'Open'), retired: say('已停业', 'Closed') } satisfies Words<ShopState>,
  empty_title: say('还没有门店', 'No shops yet'),
  empty_text: say('先添加一家门店，再把终端放进去。', 'Add a shop first, then the terminals in it.'),
  no_match: say('没有符合条件的门店。', 'Nothing fits this filter.'),
  save: say('保存', 'Save'),
}

export const keep = {
  add: say('添加终端', 'Add a terminal'),
  lead: say(
    '扫标签，或打字。名字就用店里平时的叫法。',
    'Scan the label, or type. Use the names your shop uses.',
  ),
  serial: say('序列号（SN）', 'Serial number (SN)'),
  serial_hint: say('在机器背面，条码下面', 'On the back, under the bar code'),
  tid: say('终端号（TID）', 'Terminal number (TID)'),
  tid_hint: say('在小票左上角，1 至 8 位字母数字', 'At the top of a receipt: 1 to 8 letters and digits'),
  model: say('型号', 'Maker and model'),
  name: say('名字', 'Name'),
  name_hint: say('例如 前台 1 号机', 'For example: front counter 1'),
  shop: say('门店', 'Shop'),
  new_shop: say('第一家店', 'The first shop'),
  location: say('放在店里哪里', 'Where in the shop'),
  more: say('还知道些什么', 'What else is known'),
  keys_held_by: say('钥匙由谁保管', 'Who holds its keys'),
  purchased_on: say('购买日期', 'Bought on'),
  at_provider: say('是不是这几家的刷卡机？', 'Is it one of these?'),
  at_provider_hint: say(
    '是的话，报失时我们直接请对方停用，再核实；还要在“支付机构直接停用”里粘贴密钥。',
    'If so, a loss report has them stop it, and asks whether they did. Their key goes under “Stopped by the provider”.',
  ),
  at_none: say('都不是', 'None of them'),
  device_id: say('在支付机构的设备编号', 'Called at the provider'),
  device_id_hint: {
    stripe: say(
      '控制台 Terminal → Readers 里，tmr_ 开头',
      'In the dashboard, Terminal → Readers; begins with tmr_',
    ),
    sumup: say('配对后的读卡器编号，rdr_ 开头', 'The paired reader’s ID; begins with rdr_'),
    adyen: say('型号加序列号，例如 V400m-123456789', 'Model and serial number, like V400m-123456789'),
  } satisfies Words<Provider>,
  purchased_from: say('从哪里买的', 'Bought from'),
  needed: say('必须填写', 'This is needed'),
  control: say('丢了由谁来停', 'Who stops it when it is lost'),
  control_is: {
    outside: say('外部收单机构', 'An acquirer outside'),
    gate: say('本系统的网关', 'Our own gate'),
  } satisfies Words<TerminalControl>,
  outside_1: say(
    '由你的收单机构来停：报失的同时发出书面停用申请，并给出电话和该说的话。',
    'Your acquirer stops it: with the report a written request goes out, and you get the number and the words to say.',
  ),
  outside_2: say(
    '回执先写“已请求”，有倒计时；对方确认了才写“已停用”。',
    'The receipt says “requested”, with a clock; only when they confirm it says “stopped”.',
  ),
  gate_1: say(
    '网关在路上：报失即停，机器开着关着都一样。',
    'Our gate is in the path: a report stops it at once, switched on or off.',
  ),
  gate_2: say(
    '回执写“已停用”。要有主密钥，终端才能签到。',
    'The receipt says “stopped”. It needs a master key to sign in.',
  ),
  key: say('主密钥', 'Master key'),
  key_part: say(
    (number: number) => `分量 ${number}`,
    (number) => `Component ${number}`,
  ),
  key_hint: say(
    '16 或 24 字节的十六进制；只进不出，存入后谁也看不到。',
    '16 or 24 bytes in hexadecimal digits; it goes in and is never shown again.',
  ),
  key_check: say('校验值（KCV）', 'Check value (KCV)'),
  key_check_hint: say('合成后密钥的前 6 或 8 位', 'Of the key put together: 6 or 8 digits'),
  key_set: say(
    (check: string) => `校验值 ${check}`,
    (check) => `Check value ${check}`,
  ),
  key_none: say('还没有主密钥，不能签到', 'No master key yet: it cannot sign in'),
  acquirer: say('丢了打给谁', 'Whom to call when one is lost'),
  acquirer_lead: say(
    '趁不急先写下来。现在不会打给任何人。',
    'Write it down while it is calm. Nobody is called now.',
  ),
  acquirer_name: say('收单机构', 'Acquirer'),
  acquirer_later: say('以后在“联系人”里补上也行。', 'It can be added later, under contacts.'),
  save: say('加上', 'Add it'),
  added: say(
    (count: number) => `已加上 ${count} 台`,
    (count) => `${plural(count, 'terminal')} added`,
  ),
  all_added: say('加完了', 'That was all'),
  change: say('修改', 'Change'),
  move: say('换到另一家店', 'Move to another shop'),
  move_lead: say(
    '交易记录跟着终端走；正在签到的收银员会退出，要用新店的操作员号重新签到。',
    'Its history stays with it. Whoever is signed in is signed out, and signs in with an operator of the new shop.',
  ),
  move_none: say('这个商户没有别的门店，请先添加一家。', 'Its merchant has no other shop: add one first.'),
  set_key: say('更换主密钥', 'Change the master key'),
  retire: say('退役（不再使用）', 'Retire it'),
  retire_ask: say(
    '退役后这台终端不能再做任何交易，记录都会留着，以后可以恢复。',
    'A retired terminal cannot make any transaction. Everything it did is kept, and it can be restored.',
  ),
  retire_sure: say('让这台终端退役', 'Retire this terminal'),
  restore: say('恢复使用', 'Use it again'),
  about: say('设备资料', 'The device'),
  price: say('价格', 'Price'),
  none: say('没有填写', 'Nobody said'),
  save_change: say('保存', 'Save'),
  devices: say('设备清单（XLSX）', 'List of devices (XLSX)'),
}

export const account_verb = {
  change: say('修改', 'Change'),
  link: say('忘记密码', 'Password forgotten'),
  clear_factors: say('清除两步验证', 'Clear second factor'),
  disable: say('停用账号', 'Disable'),
  enable: say('恢复账号', 'Enable'),
  reveal: say('显示', 'Show'),
  export: say('导出个人信息', 'Export data'),
  erase: say('删除个人信息', 'Erase'),
} satisfies Words<AccountAction>

export const operator_verb = {
  change: say('改名', 'Rename'),
  set_password: say('换密码', 'Set password'),
  disable: say('停用', 'Disable'),
  enable: say('恢复', 'Enable'),
} satisfies Words<OperatorAction>

export const invitation_verb = {
  withdraw: say('收回', 'Take back'),
} satisfies Words<InvitationAction>

export const people = {
  title: say('人', 'People'),
  lead: say('谁都可以报失；撤回要两个人。', 'Anybody can report a loss; taking it back needs two.'),
  accounts: say('账号', 'Accounts'),
  invitations: say('还没接受的邀请', 'Open invitations'),
  operators: say('收银员', 'Cashiers'),
  operators_lead: say(
    '在经过本系统网关的终端上签到，用操作员号和密码，不用手机。',
    'They sign in with number and password at terminals that our gate decides, and need no phone.',
  ),
  operators_none: say('还没有收银员。', 'No cashiers yet.'),
  invite: say('邀请一个人', 'Invite somebody'),
  invite_name: say('怎么称呼', 'What you call the person'),
  invite_role: say('能做什么', 'What the person may do'),
  invite_do: say('生成链接', 'Make the link'),
  link_title: say('把链接发给本人', 'Send this link to the person'),
  link_text: say(
    '只显示这一次，只能用一次，7 天内有效。谁拿到链接谁就能用，请当面或用你们平时的聊天发。',
    'It is shown this once, works once, and for 7 days. Whoever has it can use it: hand it over in person, or by a channel you trust.',
  ),
  share: say('发送…', 'Send…'),
  done: say('好了', 'Done'),
  everywhere: say('全部商户', 'Every merchant'),
  disabled: say('已停用', 'Disabled'),
  until: say('有效至', 'Until'),
  over: say('已过期', 'Over'),
  for_password: say('重设密码', 'Another password'),
  me: say('我', 'me'),
  clear_ask: say(
    '请先当面或打电话确认是本人。清除后，此人只用密码登录，所有登录都会退出。',
    'Make sure who asks, face to face or by phone. Then the password alone signs this person in, and every session ends.',
  ),
  clear_why: say('怎样确认是本人的', 'How it is known who asked'),
  disable_ask: say(
    '停用后马上退出登录，不能再用。记录里的名字会留着。',
    'The person is logged out at once and cannot log in. The name stays in what was done.',
  ),
  number: say('操作员号', 'Operator number'),
  number_hint: say('1 至 3 位数字或字母', '1 to 3 digits or letters'),
  password: say('密码', 'Password'),
  password_hint: say('4 至 12 位数字', '4 to 12 digits'),
  add_operator: say('添加收银员', 'Add a cashier'),
  shop: say('门店', 'Shop'),
}

export const join = {
  hello: say(
    (name: string) => `${name}，你好`,
    (name) => `Hello, ${name}`,
  ),
  as: say(
    (role: string, place: string) => `你被邀请为${role}：${place}`,
    (role, place) => `You are invited as ${role}: ${place}`,
  ),
  again: say(
    (login: string) => `给账号 ${login} 设一个新密码。`,
    (login) => `Choose another password for the account ${login}.`,
  ),
  login: say('登录名', 'Login'),
  login_hint: say('以后用它登录，例如 li.na', 'What you log in with, for example li.na'),
  name: say('别人看到的名字', 'Your name, as others see it'),
  password: say('密码', 'Password'),
  password_hint: say('8 位以上，别用容易猜的', 'At least 8 characters, and nothing easy to guess'),
  go: say('开始使用', 'Begin'),
  no_token: say(
    '这个地址不完整。请把整条链接复制过来，或要一个新的。',
    'This address is not whole. Copy all of the link, or ask for another one.',
  ),
}
