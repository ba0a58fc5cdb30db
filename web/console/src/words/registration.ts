/** Merchants that sign up by themselves, and what staff decide about them. */
import type {
  BusinessKind,
  CheckBecause,
  CheckOutcome,
  IdentityProvider,
  RegistrationField,
  RegistrationState,
} from '@/api/types'
import { say, type Said, type Words } from './say'

const field = {
  kind: say('商户类型', 'Kind of business'),
  business_name: say('商户名称', 'Name of the business'),
  credit_code: say('统一社会信用代码', 'Unified social credit code'),
  person_name: say('姓名', 'Name'),
  identity_number: say('身份证件号码', 'Identity number'),
  mobile: say('手机号', 'Mobile number'),
  login: say('登录名', 'Login'),
} satisfies Words<RegistrationField>

export const registration = {
  from_login: say('还没有账号？注册商户', 'No account yet? Register a merchant'),
  title: say('注册商户', 'Register a merchant'),
  lead: say(
    '填好后向邮箱寄验证码。审核通过，就用您在这里选的登录名和密码登录。',
    'A code goes to your mailbox. Once you are accepted, you sign in with the login and password chosen here.',
  ),
  closed: say(
    '本机构目前不开放自助注册。请打电话联系。',
    'This house takes no registrations at present. Please call.',
  ),
  unknown: say(
    '暂时不知道本机构是否开放注册，请稍后再试。',
    'Whether this house takes registrations is not known just now. Try again in a moment.',
  ),
  next: say('接下来', 'What happens next'),
  steps: {
    code: say('邮箱收到验证码，半小时内填入。', 'A code comes by mail; type it within half an hour.'),
    check: say('您同意的话，核对姓名、号码和执照是否一致。', 'If you agree, names and numbers are compared.'),
    decide: say(
      '工作人员审核，可能要看执照和身份证；结果发到邮箱。',
      'A person decides, and may want to see licence and identity card; you hear of it by mail.',
    ),
  },
  business: say('商户', 'The business'),
  person: say('负责人', 'The person'),
  account: say('登录账号', 'The account'),
  field,
  kinds: {
    enterprise: say('企业', 'Company'),
    individual: say('个体工商户', 'Individual in business'),
    micro: say('小微（无执照）', 'Micro (no licence)'),
  } satisfies Words<BusinessKind>,
  business_hint: say('与营业执照一致', 'As on the licence'),
  business_hint_micro: say('顾客认得的名字', 'What customers know it by'),
  credit_hint: say('营业执照上的 18 位代码', 'The 18 characters on the licence'),
  credit_wrong: say('代码不对，请对照执照再看一遍', 'This code is not right: compare it with the licence'),
  person_hint: {
    enterprise: say('法定代表人，与证件一致', 'The legal representative, as on the card'),
    individual: say('经营者，与证件一致', 'The operator, as on the card'),
    micro: say('本人，与证件一致', 'Yourself, as on the card'),
  } satisfies Words<BusinessKind>,
  identity_hint: say('18 位；加密保存，页面上只显示首尾', '18 characters; kept sealed, shown masked'),
  identity_wrong: say('号码不对，请对照证件再看一遍', 'This number is not right: compare it with the card'),
  mobile_wrong: say('须为 11 位手机号', 'Must be a mobile number of 11 digits'),
  email: say('邮箱', 'E-mail'),
  email_hint: say('验证码和结果都寄到这里', 'The code and the result come here'),
  email_wrong: say('须为邮箱地址', 'Must be an address of mail'),
  login_hint: say('以后用它登录，例如 li.na', 'What you will sign in with, such as li.na'),
  password: say('密码', 'Password'),
  password_hint: say('至少 8 个字符', 'At least 8 characters'),
  password_short: say('至少 8 个字符', 'At least 8 characters'),
  consent: {
    title: say('交给第三方核验', 'Compared by somebody else'),
    to: say(
      (who: string) =>
        `可以把姓名、身份证件号码、商户名称和统一社会信用代码交给${who}，只用来核对是否一致。身份证件号码是敏感个人信息。`,
      (who) =>
        `The name, the identity number, and the name and code of the business can be given to ${who}, only to compare them. An identity number is sensitive personal information.`,
    ),
    without: say(
      '不同意也能注册：改由工作人员看执照和身份证，会慢一些。',
      'You can register without it: people look at licence and identity card then, which takes longer.',
    ),
    tick: say(
      (who: string) => `我单独同意交给${who}核对`,
      (who) => `I agree that they are given to ${who} to be compared`,
    ),
  },
  needed: say('必须填写', 'This is needed'),
  go: say('提交并寄验证码', 'Send, and mail me a code'),
  number: say('注册编号', 'Registration number'),
  state: {
    unconfirmed: say('等待验证码', 'Waiting for the code'),
    checking: say('正在核验', 'Being checked'),
    review: say('等待审核', 'Waiting for a decision'),
    approved: say('等待复核', 'Waiting for a second person'),
    accepted: say('已通过', 'Accepted'),
    returned: say('需要修改', 'To be corrected'),
    refused: say('未通过', 'Refused'),
    withdrawn: say('已撤回', 'Taken back'),
  } satisfies Words<RegistrationState>,
  means: {
    unconfirmed: say(
      '验证码会寄到邮箱，除非这个邮箱半小时内已收到太多。邮件里的注册编号须与本页一致。垃圾邮件里也看看。',
      'A code is mailed, unless this mailbox has had too many in half an hour. The mail must have the number of this page. Look among the junk mail, too.',
    ),
    checking: say('正在处理，一般几秒钟。', 'It is being looked at; this takes seconds as a rule.'),
    review: say(
      '工作人员会审核，可能要看执照和身份证；怎么给他们看，请打电话问。结果发到您的邮箱。',
      'A person looks at it, and may want to see licence and identity card: call to hear how to show them. You hear of the result by mail.',
    ),
    approved: say(
      '材料已看过，还要第二位工作人员复核。',
      'The documents were seen; a second person decides.',
    ),
    accepted: say(
      '现在可以用您选的登录名和密码登录。',
      'You can sign in now with the login and password that you chose.',
    ),
    returned: say('请改好标出的内容，再提交。', 'Correct what is marked, and send it again.'),
    refused: say('申请未通过。有疑问请打电话。', 'It was refused. Call if you have questions.'),
    withdrawn: say('申请已撤回。需要时可以重新注册。', 'It was taken back. You can register anew.'),
  } satisfies Words<RegistrationState>,
  ends_at: say('验证码有效至', 'The code works until'),
  code: say('验证码', 'The code'),
  code_hint: say('12 位字母和数字，大小写都行', '12 letters and digits, small or large'),
  confirm: say('确认', 'Confirm'),
  keep_link: say(
    '请保存本页链接：查看进度、修改都要用它。',
    'Keep the link of this page: it shows how things stand, and corrects them.',
  ),
  link: say('本页链接', 'Link of this page'),
  no_token: say('请打开您注册时保存的链接。', 'Open the link that you kept when you registered.'),
  anew: say('重新注册', 'Register anew'),
  what: say('您填写的', 'What you wrote'),
  correct: say('修改', 'Correct it'),
  stays: say('不改就留空', 'Leave empty what stays'),
  send: say('重新提交', 'Send it again'),
  sends_left: say(
    (left: number) => `还可提交 ${left} 次`,
    (left) => `It can be sent ${left} more ${left === 1 ? 'time' : 'times'}`,
  ),
  no_sends_left: say('提交次数已用完，请打电话。', 'It cannot be sent again. Please call.'),
  told: {
    login_taken: say('登录名已有人用，请换一个。', 'Somebody else has this login: choose another one.'),
  } as Record<string, Said<string>>,
  house_says: say('工作人员的说明', 'What the house says'),
  withdraw: say('撤回申请', 'Take it back'),
  withdraw_ask: say(
    '撤回后这份申请不再处理，不能恢复。',
    'Nothing more is done about it, and this cannot be undone.',
  ),
  sign_in: say('去登录', 'Sign in'),
}

export const registrations = {
  lead: say(
    '商户自己提交、已用邮箱确认的申请。',
    'Sent in by merchants themselves, and confirmed from a mailbox.',
  ),
  search: say('在本页查找', 'Search'),
  empty_title: say('没有注册申请', 'No registrations'),
  empty_text: say(
    '开放注册后，商户提交的申请会出现在这里。',
    'Once the house takes registrations, they stand here.',
  ),
  no_match: say('没有符合条件的申请。', 'Nothing fits this filter.'),
  sent: say('提交时间', 'Sent'),
  sent_times: say(
    (count: number) => `第 ${count} 次提交`,
    (count) => `sent ${count} ${count === 1 ? 'time' : 'times'}`,
  ),
  checks: say('核验', 'Checks'),
  by: say('核验方', 'Asked'),
  person_check: say('姓名与号码', 'Name and number'),
  company_check: say('商户、代码与负责人', 'Business, code and person'),
  same_means: say(
    '“一致”只说明姓名和号码相符，不证明提交的就是本人。',
    '“The same” says that name and number belong together, and nothing of who typed them.',
  ),
  outcome: {
    same: say('一致', 'The same'),
    differs: say('不一致', 'Differs'),
    no_record: say('查无记录', 'No record'),
    cannot_tell: say('无法判断', 'Cannot tell'),
    down: say('核验中断', 'Down'),
  } satisfies Words<CheckOutcome>,
  because: {
    not_operating: say('商户未在营', 'The business does not operate'),
    of_another: say('负责人与商户不符', 'The person is not the business’s'),
    no_provider: say('没有设置核验机构', 'No provider is set up'),
    no_consent: say('申请人没有同意交给核验机构', 'The applicant did not agree to it'),
    not_offered: say('核验机构没有这一项', 'The provider has no such check'),
    daily_limit: say('当天查询次数已满', 'The day’s limit of queries was reached'),
    keys_unusable: say('本机构的密钥用不了，没有去问', 'The keys here cannot be used; nobody was asked'),
    not_taken: say('核验机构不接受密钥或内容', 'The provider did not take the keys or the question'),
    not_reached: say('连不上，或数据源停用', 'Not reached, or its source is down'),
    no_answer: say(
      '问了没有回音，不再自动查询',
      'Asked, and no answer came; it is not asked again by itself',
    ),
    unreadable: say('看不懂回复', 'Its answer is none that is known'),
  } satisfies Words<CheckBecause>,
  provider: {
    aliyun: say('阿里云', 'Alibaba Cloud'),
    tencent: say('腾讯云', 'Tencent Cloud'),
  } satisfies Words<IdentityProvider>,
  unasked: say('未核验', 'Not checked'),
  consents_to: say('同意交给谁核验', 'May be given to'),
  to_nobody: say('没有同意', 'Nobody'),
  known: say('这个信用代码已是商户', 'The credit code is a merchant’s already'),
  alike: say('其他申请里有相同信息', 'Others name the same'),
  approval: say('材料审核', 'Documents seen'),
  documents: say(
    '材料（只留指纹，文件不离开本机）',
    'Documents (only their fingerprints are kept; the files stay here)',
  ),
  hashing: say('正在计算…', 'Computing…'),
  documents_needed: say(
    (most: number) => `请选择看过的材料，最多 ${most} 份`,
    (most) => `Choose the documents that were seen, ${most} at most`,
  ),
  documents_many: say(
    (most: number) => `选得太多了：最多 ${most} 份。请重新选择。`,
    (most) => `Too many: ${most} at most. Choose again.`,
  ),
  document_large: say(
    (name: string, mb: number) => `${name} 太大：每份最多 ${mb} MB。`,
    (name, mb) => `${name} is too large: ${mb} MB at most.`,
  ),
  document_unread: say(
    (name: string) => `读不了 ${name}。请重新选择。`,
    (name) => `${name} could not be read. Choose again.`,
  ),
  no_crypto: say(
    '浏览器不为普通 HTTP 页面计算指纹。请用 HTTPS 地址打开本页，再审核材料。',
    'Browsers compute no fingerprints for pages over plain HTTP. Open this page by its HTTPS address to approve.',
  ),
  until: say('证件有效期至', 'Valid until'),
  long_term: say('长期', 'For good'),
  until_day: say(
    (day: string) => `证件有效期至 ${day}`,
    (day) => `Valid until ${day}`,
  ),
  valid_for_good: say('证件长期有效', 'Valid for good'),
  until_needed: say('请填写有效期，或选“长期”', 'Say until when, or choose “for good”'),
  reason: say('说明为什么可以通过', 'Why that is enough'),
  approve: say('材料无误，交第二人复核', 'Documents are right: pass to a second person'),
  approve_anew: say('重新审核材料', 'See the documents anew'),
  accept: say('通过，建立商户和店主账号', 'Accept: make the merchant and the owner’s account'),
  accept_ask: say(
    '将建立商户和店主账号，并发邮件通知。',
    'The merchant and the owner’s account are made, and the owner is mailed.',
  ),
  return: say('退回修改', 'Return to be corrected'),
  return_fields: say('哪些要改', 'What is to be corrected'),
  return_text: say('写给申请人看', 'For the applicant to read'),
  refuse: say('拒绝', 'Refuse'),
  refuse_ask: say('拒绝后不能恢复；说明会给申请人看。', 'This cannot be undone; the applicant reads why.'),
  needs_two: say(
    '核验没有全部一致：一人看材料，另一人通过。',
    'Not everything was found to be the same: one person sees the documents, another one accepts.',
  ),
  by_person: say(
    (who: string) => `${who} 已看材料，须由另一人通过。`,
    (who) => `${who} has seen the documents; another person accepts.`,
  ),
  merchant: say('已建立的商户', 'The merchant'),
  decided: say('最后处理', 'Decided by'),
}
