/** The words of the walk: with its pages, and so not among the first bytes of a real house. */
import { computed } from 'vue'
import { locale } from '@/i18n'
import { say, spoken, type Spoken, type Words } from './say'
import type { StepName } from '@/guide/steps'

const title: Words<StepName> = {
  report: say('报失一台', 'Report one'),
  attempts: say('看它被拒绝', 'See it refused'),
  facts: say('记下知道的', 'Write down what you know'),
  police: say('报案', 'Go to the police'),
  acquirer: say('收单机构注销', 'The acquirer deregisters it'),
  money: say('核对交易', 'Check the money'),
  replacement: say('换一台新的', 'Replace it'),
  closing: say('第二个人结案', 'A second person closes'),
  pack: say('证据包', 'Evidence pack'),
}

const why: Words<StepName> = {
  report: say(
    '丢了，先停。三步：哪一台、怎么丢的、确认。选“被盗”，后面的事最全。比如这一台：',
    'It is gone: stop it first. Three taps: which one, how, confirm. Take “stolen”: most follows from that. For example this one:',
  ),
  attempts: say(
    '拿着它的人会试。每一次都被拒绝，都留下证据；看到红色的告警，按“知道了”。',
    'Whoever has it will try it. Each attempt is refused and kept as evidence. Press “Acknowledge” on the alarm.',
  ),
  facts: say(
    '过后就记不清了：在“经过”最下面写一句，或在“附件”里传一张照片。',
    'It is forgotten soon: add a line at the foot of “What happened”, or a photo under “Files”.',
  ),
  police: say(
    '报案材料已经写好，可以下载。带去派出所，把受案回执的编号记在“公安机关”里；演示里编号随便写。',
    'The packet for the police is filled in: download it. Then write down the receipt’s number under “The police”: any will do here.',
  ),
  acquirer: say(
    '终端停了，收单机构还要报送注销：按“办好了”，写一个编号。这件事店里不能替它办。',
    'It is stopped; the acquirer still has to deregister it. Say that it is done, with any number. The shop cannot do that for them.',
  ),
  money: say(
    '核对丢失前后的交易，保存监控，判断客户信息。不需要办的，写明理由，等第二个人同意。',
    'Check the payments, save the footage, judge whether data leaked. What is not needed takes a reason, and a second person.',
  ),
  replacement: say(
    '旧密钥先作废，新的才能用。表里有“填入示例”，不用自己编。',
    'The old keys die before the new one sells. “Fill in an example” saves you inventing one.',
  ),
  closing: say(
    '法律要求两个人的事，由第二个人同意；都办完了，写一句话，结案。',
    'What the law wants two people for is agreed by the second. When nothing is open, say how it ended, and close.',
  ),
  pack: say(
    '选一个对象，制作证据包：里面有怎么核对，不用我们的软件。',
    'Choose for whom and have the pack made. It says how to verify it, without our software.',
  ),
}

const replacing = {
  none: say('按“开始换机”。', 'Press “Begin to replace it”.'),
  device: say(
    '在表里按“填入示例”，再核对。',
    'Press “Fill in an example” in the form, then have it checked.',
  ),
  bind: say('给它一个编号：', 'Give it this number:'),
  old_keys: say('让旧密钥失效：服务器自己核实。', 'End the old keys: the server looks that they are gone.'),
  set_key: say(
    '到新终端的页面，按“更换主密钥”，填入示例。',
    'On the new terminal’s page press “Change the master key”, and fill in an example.',
  ),
  keys: say('新设备屏幕上显示的校验值：', 'The new device shows this check value:'),
  test: say(
    '开始试刷。演示里的设备自己刷一笔、撤一笔，几秒后按“核对”。',
    'Begin the test. The demo’s device sells and voids by itself; after some seconds have it looked for.',
  ),
  sign: say('逐条回答，签字。', 'Answer line by line, and sign.'),
  live: say('启用：从此它就能收款了。', 'Go live: from now on it sells.'),
  rest: say('还差这几件：', 'These are left:'),
}

const all = {
  title,
  why,
  replacing,
  name: say('演示导览', 'Walk through the demo'),
  place: say(
    (done: number, of: number) => `演示 ${done}/${of}`,
    (done, of) => `Demo ${done}/${of}`,
  ),
  begin: say(
    (login: string) => `先用 ${login} 登录，密码印在启动演示的终端窗口里。`,
    (login) => `Begin as ${login}. The password was printed where the demo was started.`,
  ),
  elsewhere: say(
    (merchant: string) => `这次走的是${merchant}的案子。`,
    (merchant) => `The walk is through a case of ${merchant}.`,
  ),
  left: say('还要办', 'Still to be done'),
  go: say('去这一步', 'Go there'),
  go_key: say('打开新终端', 'Open the new terminal'),
  become: say(
    (login: string) => `换成 ${login} 继续`,
    (login) => `Go on as ${login}`,
  ),
  all: say('全部步骤', 'All steps'),
  is_done: say('已完成', 'done'),
  over: say('走完了', 'The walk is over'),
  over_text: say(
    '再看两个做好的案子：owner2 的办到一半，owner3 的已经结案。要再走一遍，就再报失一台。',
    'There are two more cases: that of owner2 is half-way, that of owner3 is closed. To walk again, report another one.',
  ),
  example: say('填入示例', 'Fill in an example'),
  number: say('新终端编号', 'New terminal number'),
  check_value: say('校验值', 'Check value'),
}

type GuideWords = Spoken<typeof all>
const words: Record<'zh-CN' | 'en', GuideWords> = { 'zh-CN': spoken(all, 'zh'), 'en': spoken(all, 'en') }
export const g = computed<GuideWords>(() => words[locale.value])
