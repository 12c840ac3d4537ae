export { causalSoftmax, causalSoftmaxBackward, rope, ropeTable } from './attention'
export { gemm, heapBase } from './gemm'
export { add, embed, embedBackward, rmsNorm, rmsNormBackward, swiglu, swigluBackward } from './layers'
export { adamW, crossEntropy, sumOfSquares } from './optimizer'
