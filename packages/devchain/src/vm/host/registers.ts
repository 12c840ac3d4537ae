import { unsigned } from '../call.ts'
import { type HostTable, procedure, u64 } from './define.ts'

export const registers: HostTable = {
  read_register: procedure((call, register, pointer) => {
    call.pay('base')
    call.write(pointer, call.readRegister(register))
  }),

  register_len: u64((call, register) => {
    call.pay('base')
    return call.registers.get(register)?.length ?? -1n
  }),

  write_register: procedure((call, register, length, pointer) => {
    call.pay('base')
    call.setRegister(register, call.read(unsigned(pointer), unsigned(length)).slice())
  }),
}
