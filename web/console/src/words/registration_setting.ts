/** What a house sets of merchants that sign up by themselves. */
import { say } from './say'

export const registration_setting = {
  title: say('商户自助注册', 'Registrations'),
  lead: say(
    '打开后，登录页有注册入口。需要先设好发邮件。',
    'Once on, the sign-in page leads to it. Mail must be set up first.',
  ),
  on: say('开放注册', 'Take registrations'),
  provider: say('实名核验机构', 'Who checks names and numbers'),
  nobody: say('不用，全部人工审核', 'Nobody: people look at the documents'),
  key_id: say('AccessKey ID / SecretId', 'AccessKey ID / SecretId'),
  secret: say('AccessKey Secret / SecretKey', 'AccessKey Secret / SecretKey'),
  auth_code: say('企业核验授权码（AuthCode）', 'AuthCode for businesses'),
  auth_code_hint: say(
    '没有就不核验商户，只核验人。',
    'Without it people are checked, and businesses are not.',
  ),
  kept: say('密钥已保存；换机构或密钥时再填。', 'The keys are kept. Fill them in to change them.'),
  keys_needed: say('请填写密钥', 'The keys are needed'),
  limit: say('每天最多付费查询次数', 'Paid queries a day at most'),
  limit_wrong: say(
    '须为 0 到 100000 的整数；0 就是不查',
    'A whole number from 0 to 100,000; with 0 nobody is asked',
  ),
  no_mail: say(
    '还没设好发邮件：设好之前，机构仍不接受注册。',
    'Mail is not set up: until it is, the house takes no registrations.',
  ),
}
