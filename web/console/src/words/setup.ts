/** The first run. */
import { say } from './say'

export const setup = {
  title: say('设置 Tillguard', 'Set up Tillguard'),
  step: say(
    (at: number, of: number) => `第 ${at} 步，共 ${of} 步`,
    (at, of) => `Step ${at} of ${of}`,
  ),
  next: say('下一步', 'Next'),
  back: say('上一步', 'Back'),
  finish: say('完成设置', 'Finish'),
  finishing: say('正在设置…', 'Setting up…'),

  mode_title: say('你是哪一种？', 'Who are you?'),
  mode_lead: say('这决定一件事：终端丢了，由谁来停。', 'It decides one thing: who stops a lost terminal.'),
  mode_needed: say('请选一种。', 'Choose one.'),
  modes: {
    shop: {
      title: say('我是商户，自己用', 'A shop, for itself'),
      picture: say(
        '终端直接连收单机构；我们在旁边发停用请求，等他们确认',
        'The terminal talks to the acquirer; we send the acquirer a stop request and wait for the answer',
      ),
      points: [
        say('一家或几家店，收单机构是谁都行，不用他们配合', 'One shop or several, with whatever acquirer'),
        say(
          '报失后马上备好书面停用申请，告诉你打哪个电话、怎么说',
          'A loss makes the written stop request at once, and tells you whom to call and what to say',
        ),
        say(
          '停不停由收单机构决定：确认之前只写“已请求”，不写“已停用”',
          'The acquirer does the stopping: until they confirm, it says “requested”, never “stopped”',
        ),
        say('五分钟就能用', 'Ready in five minutes'),
      ],
    },
    acquirer: {
      title: say('我是收单机构或服务商', 'An acquirer or a service provider'),
      picture: say(
        '终端经过我们的网关再到主机；报失就在网关停',
        'The terminal passes our gate on its way to the host; a loss stops it there',
      ),
      points: [
        say(
          '网关在路上：报失即停，设备开机关机都一样',
          'The gate is in the path: a loss stops every channel, device on or off',
        ),
        say('风控台看得到所有商户', 'Risk officers see every merchant'),
        say(
          '之后在“系统设置”里填主机地址、密钥和机构代码，网关才会开',
          'The gate opens once the host’s address, keys and your institution code are in the settings',
        ),
      ],
    },
  },
  terminal: say('终端', 'terminal'),
  acquirer: say('收单机构', 'acquirer'),
  host: say('主机', 'host'),
  gate: say('Tillguard 网关', 'Tillguard gate'),
  please_stop: say('请停用', 'stop, please'),
  stops_here: say('在这里停，不到一秒', 'stops here, in under a second'),

  house_title: say('在哪里、用什么', 'Where you are'),
  house_lead: say(
    '时间、金额和发出的文字都按这里来，以后可以改。',
    'Times, amounts and what we send go by this. You can change it later.',
  ),
  merchant_name: say('商户名称', 'Name of the shop'),
  merchant_hint: say(
    '写在停用申请上，和收单机构登记的一致最好；门店稍后再加。',
    'It stands on the stop request: best as your acquirer knows you. Single shops come later.',
  ),
  language: say('语言', 'Language'),
  languages: { zh: say('中文', 'Chinese'), en: say('英文', 'English') },
  time_zone: say('时区', 'Time zone'),
  time_there: say(
    (time: string) => `那里现在是 ${time}`,
    (time) => `It is ${time} there now`,
  ),
  currency: say('货币', 'Currency'),
  choose: say('请选择', 'Choose'),
  currency_needed: say('请选择货币。', 'Choose a currency.'),
  merchant_needed: say('请填写商户名称。', 'Enter the name.'),

  person_title: say('你的账号', 'Your account'),
  person_lead: {
    shop: say('第一个账号：店主，什么都能做。', 'The first account: the owner, who may do everything here.'),
    acquirer: say(
      '第一个账号：风控，看得到所有商户，管系统设置。',
      'The first account: a risk officer, who sees every merchant and looks after the settings.',
    ),
  },
  login: say('登录账号', 'Login'),
  login_hint: say(
    '2 至 64 个文字、字母、数字或 . _ - @ +，例如 li.na',
    '2 to 64 letters, digits or . _ - @ +, for example li.na',
  ),
  login_needed: say('请填写登录账号。', 'Enter a login.'),
  name: say('你的名字', 'Your name'),
  name_hint: say('别人在记录里看到的名字', 'How others see you in the records'),
  name_needed: say('请填写名字。', 'Enter your name.'),
  password: say('密码', 'Password'),
  password_hint: say(
    '至少 8 个字符；太常见的、用店名或账号的不行。',
    'At least 8 characters; not a common one, not the login or the shop’s name.',
  ),
  password_short: say('至少 8 个字符。', 'At least 8 characters.'),
  password_again: say('再输一遍密码', 'The password again'),
  password_differs: say('两遍不一样。', 'The two are not the same.'),

  no_token_title: say('还没有设置', 'Not set up yet'),
  no_token_text: say(
    '请打开服务器启动时显示的设置地址（含有 /setup?token= 的那一行）。页面刷新后需要重新打开它。',
    'Open the set-up address that the server showed when it started: the line with /setup?token= in it. After reloading this page, open it again.',
  ),
  wrong_token: say(
    '这个设置地址已经过期：服务器重新启动过。请使用它最近一次启动时显示的地址。',
    'This set-up address is out of date: the server has been started again. Use the address it showed then.',
  ),
  done_title: say('已经设置好了', 'It is set up'),
  done_text: say(
    '设置地址只能用一次。请用设置时的账号和密码登录。',
    'The set-up address works once. Sign in with the login and the password that were chosen.',
  ),
  to_login: say('去登录', 'Sign in'),
}
