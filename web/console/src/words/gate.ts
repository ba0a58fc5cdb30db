/** The gate's pulse. */
import { plural, say } from './say'

export const gate = {
  title: say('接入', 'Gate'),
  host_up: say('收单主机已连接', 'Host connected'),
  host_down: say('收单主机断开', 'Host not connected'),
  unknown: say('接入状态不明，正在重试', 'State unknown, trying again'),
  connections: say(
    (count: string) => `${count} 台在线连接`,
    (count) => `${count} connections`,
  ),
  owed: say(
    (count: number) => `${count} 笔冲正待主机确认`,
    (count) => `${plural(count, 'reversal')} owed to the host`,
  ),
  refused: say(
    (count: string) => `${count} 个报文校验不过`,
    (count) => `${count} messages failed their MAC`,
  ),
}
