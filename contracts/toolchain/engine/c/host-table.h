/* Every function of module "env" at protocol 86 that a contract can use. Left out: `gas` (the node's own
   meter), `abort` (AssemblyScript's), and the three storage iterators, which always fail.

   Signature letters, one per JavaScript argument or result:
     u  integer, 0 to 2^64-1              b  bytes or text, passed as length and pointer
     a  amount, 0 to 2^128-1, by pointer  A  amount written by the host, becomes the result */

#define ARGUMENTS_0 void
#define ARGUMENTS_1 u64
#define ARGUMENTS_2 u64, u64
#define ARGUMENTS_3 u64, u64, u64
#define ARGUMENTS_4 u64, u64, u64, u64
#define ARGUMENTS_5 u64, u64, u64, u64, u64
#define ARGUMENTS_6 u64, u64, u64, u64, u64, u64
#define ARGUMENTS_7 u64, u64, u64, u64, u64, u64, u64
#define ARGUMENTS_8 u64, u64, u64, u64, u64, u64, u64, u64
#define ARGUMENTS_9 u64, u64, u64, u64, u64, u64, u64, u64, u64

enum HostResult { RESULT_NONE, RESULT_U64, RESULT_U32 };

#define TYPE_RESULT_NONE void
#define TYPE_RESULT_U64 u64
#define TYPE_RESULT_U32 uint32_t

/* Called by the glue itself. They are the first imports of the module, in this order, and have been in NEAR
   since genesis. Everything below this list is reached through its table slot alone, so a contract build can
   drop the imports a contract never uses without touching one instruction. */
#define DIRECT_HOST_FUNCTIONS(F) \
  F(block_timestamp, RESULT_U64, 0) \
  F(panic_utf8, RESULT_NONE, 2) \
  F(register_len, RESULT_U64, 1) \
  F(read_register, RESULT_NONE, 2) \
  F(write_register, RESULT_NONE, 3) \
  F(promise_and, RESULT_U64, 2)

#define HOST_FUNCTIONS(F) \
  F(current_account_id, RESULT_NONE, 1, "u") \
  F(signer_account_id, RESULT_NONE, 1, "u") \
  F(signer_account_pk, RESULT_NONE, 1, "u") \
  F(predecessor_account_id, RESULT_NONE, 1, "u") \
  F(refund_to_account_id, RESULT_NONE, 1, "u") \
  F(chain_id, RESULT_NONE, 1, "u") \
  F(current_contract_code, RESULT_U64, 1, "u") \
  F(input, RESULT_NONE, 1, "u") \
  F(block_index, RESULT_U64, 0, "") \
  F(epoch_height, RESULT_U64, 0, "") \
  F(storage_usage, RESULT_U64, 0, "") \
  F(account_balance, RESULT_NONE, 1, "A") \
  F(account_locked_balance, RESULT_NONE, 1, "A") \
  F(attached_deposit, RESULT_NONE, 1, "A") \
  F(prepaid_gas, RESULT_U64, 0, "") \
  F(used_gas, RESULT_U64, 0, "") \
  F(validator_stake, RESULT_NONE, 3, "bA") \
  F(validator_total_stake, RESULT_NONE, 1, "A") \
  F(random_seed, RESULT_NONE, 1, "u") \
  F(sha256, RESULT_NONE, 3, "bu") \
  F(keccak256, RESULT_NONE, 3, "bu") \
  F(keccak512, RESULT_NONE, 3, "bu") \
  F(ripemd160, RESULT_NONE, 3, "bu") \
  F(ecrecover, RESULT_U64, 7, "bbuuu") \
  F(ed25519_verify, RESULT_U64, 6, "bbb") \
  F(p256_verify, RESULT_U64, 6, "bbb") \
  F(alt_bn128_g1_multiexp, RESULT_NONE, 3, "bu") \
  F(alt_bn128_g1_sum, RESULT_NONE, 3, "bu") \
  F(alt_bn128_pairing_check, RESULT_U64, 2, "b") \
  F(bls12381_p1_sum, RESULT_U64, 3, "bu") \
  F(bls12381_p2_sum, RESULT_U64, 3, "bu") \
  F(bls12381_g1_multiexp, RESULT_U64, 3, "bu") \
  F(bls12381_g2_multiexp, RESULT_U64, 3, "bu") \
  F(bls12381_map_fp_to_g1, RESULT_U64, 3, "bu") \
  F(bls12381_map_fp2_to_g2, RESULT_U64, 3, "bu") \
  F(bls12381_p1_decompress, RESULT_U64, 3, "bu") \
  F(bls12381_p2_decompress, RESULT_U64, 3, "bu") \
  F(bls12381_pairing_check, RESULT_U64, 2, "b") \
  F(value_return, RESULT_NONE, 2, "b") \
  F(panic, RESULT_NONE, 0, "") \
  F(log_utf8, RESULT_NONE, 2, "b") \
  F(log_utf16, RESULT_NONE, 2, "b") \
  F(storage_write, RESULT_U64, 5, "bbu") \
  F(storage_read, RESULT_U64, 3, "bu") \
  F(storage_remove, RESULT_U64, 3, "bu") \
  F(storage_has_key, RESULT_U64, 2, "b") \
  F(promise_create, RESULT_U64, 8, "bbbau") \
  F(promise_then, RESULT_U64, 9, "ubbbau") \
  F(promise_batch_create, RESULT_U64, 2, "b") \
  F(promise_batch_then, RESULT_U64, 3, "ub") \
  F(promise_set_refund_to, RESULT_NONE, 3, "ub") \
  F(promise_return, RESULT_NONE, 1, "u") \
  F(promise_results_count, RESULT_U64, 0, "") \
  F(promise_result, RESULT_U64, 2, "uu") \
  F(promise_batch_action_create_account, RESULT_NONE, 1, "u") \
  F(promise_batch_action_deploy_contract, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_function_call, RESULT_NONE, 7, "ubbau") \
  F(promise_batch_action_function_call_weight, RESULT_NONE, 8, "ubbauu") \
  F(promise_batch_action_transfer, RESULT_NONE, 2, "ua") \
  F(promise_batch_action_stake, RESULT_NONE, 4, "uab") \
  F(promise_batch_action_add_key_with_full_access, RESULT_NONE, 4, "ubu") \
  F(promise_batch_action_add_key_with_function_call, RESULT_NONE, 9, "ubuabb") \
  F(promise_batch_action_delete_key, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_delete_account, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_deploy_global_contract, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_deploy_global_contract_by_account_id, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_use_global_contract, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_use_global_contract_by_account_id, RESULT_NONE, 3, "ub") \
  F(promise_batch_action_state_init, RESULT_U64, 4, "uba") \
  F(promise_batch_action_state_init_by_account_id, RESULT_U64, 4, "uba") \
  F(set_state_init_data_entry, RESULT_NONE, 6, "uubb") \
  F(promise_batch_action_transfer_to_gas_key, RESULT_NONE, 4, "uba") \
  F(promise_batch_action_add_gas_key_with_full_access, RESULT_NONE, 4, "ubu") \
  F(promise_batch_action_add_gas_key_with_function_call, RESULT_NONE, 9, "ubuabb") \
  F(promise_yield_create, RESULT_U64, 7, "bbuuu") \
  F(promise_yield_create_with_id, RESULT_U64, 9, "bbauub") \
  F(promise_yield_resume, RESULT_U32, 4, "bb") \
  F(promise_yield_resume_with_yield_id, RESULT_U32, 4, "bb")

#define IMPORT(name, result, arity, ...) \
  __attribute__((import_module("env"), import_name(#name))) extern TYPE_##result near_##name(ARGUMENTS_##arity);
DIRECT_HOST_FUNCTIONS(IMPORT)
HOST_FUNCTIONS(IMPORT)
#undef IMPORT

typedef struct {
  const char *name;
  const char *signature;
  enum HostResult result;
  void *function;
} HostFunction;

#define ROW(name, result, arity, signature) {#name, signature, result, (void *)near_##name},
static const HostFunction host_functions[] = {HOST_FUNCTIONS(ROW)};
#undef ROW
