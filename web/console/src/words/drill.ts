/** Practising a loss, while nothing is lost. */
import { say } from './say'

export const drill = {
  mark: say('演练', 'Exercise'),
  mark_text: say('什么都不会停用，什么都不会发出。', 'Nothing is stopped, and nothing is sent.'),
  offer: say('没丢？先练一次', 'Not lost? Practise once'),
  choose_title: say('用哪一台来练？', 'Practise with which one?'),
  choose_lead: say(
    '和真的报失一样走一遍，看看会发生什么、还缺什么。',
    'The same steps as in earnest, to see what would happen and what is missing.',
  ),
  confirm_title: say(
    (shop: string, name: string) => `练习：报失${shop}的${name}`,
    (shop, name) => `Exercise: report ${name} at ${shop}`,
  ),
  would_title: say('真的报失，会马上发生', 'In earnest, this would happen at once'),
  would_not_title: say('真的报失，也不会发生', 'In earnest, this would not happen'),
  confirm: say('练习报失', 'Practise the report'),
  done: say(
    (seconds: number) => `练完了，用了 ${seconds} 秒`,
    (seconds) => `Done, in ${seconds} s`,
  ),
  done_text: say(
    '这台终端照常收款。真的丢了，就从首页的“报失一台设备”开始。',
    'The terminal goes on taking payments. In earnest, begin with “Report a loss” on the first page.',
  ),
  stop: say('会怎样停用', 'How it would be stopped'),
  stop_here: say('本系统的网关会在报失的同时停用它。', 'Our gate would stop it with the report.'),
  stop_outside: say(
    (name: string) => `由${name}停用：在他们确认之前，它可能还能收款。`,
    (name) => `${name} would have to stop it: until they confirm, it may still take payments.`,
  ),
  whom: say('收单机构', 'Acquirer'),
  mail: say('申请书发到', 'The letter would go to'),
  call: say('打电话给', 'Call'),
  no_contact: say(
    '没有填写收单机构：没有人会收到申请书。',
    'No acquirer is written down: nobody would get the letter.',
  ),
  no_email: say(
    '没有收单机构的邮箱：申请书发不出去。',
    'There is no mail address of the acquirer: the letter could not go out.',
  ),
  no_hotline: say(
    '没有收单机构的电话：到时要自己找。',
    'There is no telephone of the acquirer: you would have to look for it.',
  ),
  no_mail: say(
    '还没有设置发信服务器：申请书发不出去。',
    'No mail server is set up: the letter could not go out.',
  ),
  letter: say('看申请书', 'Read the letter'),
  follows: say(
    (count: number) => `接着要办 ${count} 件事`,
    (count) => `${count} things would have to follow`,
  ),
  again: say('再练一次', 'Once more'),
  home: say('回首页', 'To the first page'),
}
