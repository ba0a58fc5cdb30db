/** On the telephone with an acquirer: what to say, and what it will ask for. */
import { say } from './say'

export const calling = {
  title: say('照着念', 'Read this out'),
  manner: {
    stolen: say('被盗了', 'has been stolen'),
    lost: say('丢了', 'has been lost'),
    unsure: say('不见了', 'is missing'),
    tampered: say('可能被人动过手脚', 'may have been tampered with'),
  },
  first: say(
    (merchant: string, manner: string) => `“我的收款终端${manner}。我是${merchant}的，请马上停用。”`,
    (merchant, manner) => `“My card terminal ${manner}. I am calling for ${merchant}. Please stop it now.”`,
  ),
  second: say(
    '“请告诉我您的工号和挂失凭证编号。”',
    '“Please give me your agent number and the loss reference.”',
  ),
  ask: say('对方会问', 'They will ask for'),
  customer: say('商户编号或合同号', 'Merchant or contract number'),
  serial: say('序列号 SN', 'Serial number'),
  tid: say('终端号 TID', 'Terminal number (TID)'),
  number: say('书面申请编号', 'Number of the written request'),
  refuse: say('对方推脱，念这一句', 'They refuse, or put you off?'),
  /** Where a rule obliges them: the one the server names, which is of mainland China. */
  rule: say(
    (number: string) =>
      `“按银发〔2021〕259 号一（一）3，商户要求停用，收单机构应当及时关闭终端。我的书面申请编号 ${number}。”`,
    (number) =>
      `“By the central bank’s notice 2021-259, part one (1) 3, an acquirer closes a terminal promptly when the merchant asks. My written request is ${number}.”`,
  ),
  /** Where we know of none. */
  no_rule: say(
    (number: string) => `“我已书面申请停用，编号 ${number}。请转给能停用终端的人。”`,
    (number) =>
      `“I have asked for the stop in writing: ${number}. Please put me through to somebody who can stop it.”`,
  ),
}
