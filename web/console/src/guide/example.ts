/**
 * What a newcomer would have to invent: a device with its papers, a number for it, and its master key.
 *
 * Invariant: all of it is made up; a key is of use in a demo alone.
 */
import type { Key } from '@/estate/KeyFields.vue'

const FIRST_NUMBER = 30_509_001
/** The first component of each key, and of each the second with the check value of both together. */
const COMMON = '9D60B6DCE0B32257BEEFA1FE979F454B'
const KEYS: [second: string, check_value: string][] = [
  ['FB13D4FF21FCA30D48194724604D02C6', 'FC5B1D'],
  ['EE0094B613E4FE75965755A158DDF0FB', '0C3DFE'],
  ['6757D0466EFE6C3D723D93BC8B4B8289', 'E648F8'],
  ['6BD63BDE7ED880834E8E576D4A28B111', 'C14577'],
  ['0AD716DA44E116577435C1216A0206FE', 'FD2A6D'],
  ['521C0915E2CCA02CFC50EE628DAC981C', '315D7C'],
  ['09D194B424A6C624D3D22F5D3C5F0529', 'E9D23D'],
  ['85632F21FD768AA6FD0B625DAFD5E9D8', '17D713'],
  ['36545A302178596F7535AF6A980C5ACC', '1D4CE1'],
  ['844C10C4333FD93FF5736243C24D0936', '12E11E'],
  ['120C5DE3F5A3A9069EA3A330137605E3', 'CDD560'],
  ['0752601733F0C3EF4993ACA112E0A992', '8E38B9'],
  ['1FCD4143CEAC154B89C1C858BC273B6A', '965F18'],
  ['E3C7E3F5669107BB58AD308A1B0C9C1D', '5F64D5'],
  ['C577FCE8DC16DBBD455A19C74734CE7A', 'C51C69'],
  ['57764CD585215B669C4B3ED59F5FEAA5', 'B381F4'],
]

/** The number of the new terminal of that case of the merchant's, counted from 1. */
export const number = (nth: number): string => String(FIRST_NUMBER + nth - 1)

/** The master key that is loaded into that terminal. */
export function key(terminal_id: string): Key {
  const [second, check_value] = KEYS[Number(terminal_id) % KEYS.length || 0]!
  return { components: [COMMON, second, ''], check_value }
}

/** What label, certificate and box of a new device say, as fields of the form. */
export function device() {
  const serial = `YZ90${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`
  const seal = `FS${serial.slice(-4)}`
  return {
    serial,
    make: '云展',
    model: 'Y90',
    supplier: '澄海支付',
    unionpay: 'P3100',
    certificate_model: 'Y90',
    hardware: 'V2.00',
    firmware: 'V1.3.7',
    seal,
    dispatched_seal: seal,
    box_serial: serial,
    seal_is_whole: true,
  }
}
