import { base64 } from '@scure/base'
import { NVIDIA_CORIM_ROOT_CA_BASE64, NVIDIA_DEVICE_IDENTITY_CA_BASE64 } from '../roots/nvidia.ts'
import type { Root } from '../roots/trust.ts'

/** The root of devices that is trusted where no other is given. */
export const nvidiaDeviceRoots = (): Root[] => [base64.decode(NVIDIA_DEVICE_IDENTITY_CA_BASE64)]

/** The root of reference manifests that is trusted where no other is given. */
export const nvidiaRimRoots = (): Root[] => [base64.decode(NVIDIA_CORIM_ROOT_CA_BASE64)]
