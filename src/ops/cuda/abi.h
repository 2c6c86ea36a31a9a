/* The border between the engine and libdnd_cuda.so, in C: nothing of C++ crosses it.
 *
 * Every call that returns an int returns 0, or an exit code of dnd/error.h with a message in
 * `status`. Strings end with a zero byte; longer ones are cut. One caller at a time. */
#ifndef DND_OPS_CUDA_ABI_H_
#define DND_OPS_CUDA_ABI_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct DndCudaStatus {
  char message[1024];
} DndCudaStatus;

typedef struct DndCudaDeviceInfo {
  char name[256];
  int32_t compute_major, compute_minor;
  int32_t driver_version, runtime_version; /* as CUDA counts: 13000 is 13.0 */
  int32_t cublas_version;                  /* as cuBLAS counts */
  uint64_t memory_bytes, free_bytes;
} DndCudaDeviceInfo;

/* One check of the self-test. error: relative RMS; not a number where the device gave none. */
typedef struct DndCudaCheck {
  const char* name; /* for as long as the call */
  double error, bound;
  int32_t passed;
} DndCudaCheck;
typedef void (*DndCudaOnCheck)(void* user, const DndCudaCheck* check);

typedef struct DndCudaFeature {
  int64_t n, h, w;
} DndCudaFeature;

/* The values of a parameter of `layer` (e.g. "linear2.weight"), fp32 in C order, valid until the next
 * call; a null pointer if there are none: then the call that asked returns DND_CUDA_STOPPED. */
typedef const float* (*DndCudaWeights)(void* user, int64_t layer, const char* name,
                                       const int64_t* shape, int32_t dimensions);
/* After each finished layer: `done` of `all` times. Not 0: run() returns DND_CUDA_STOPPED. */
typedef int (*DndCudaOnLayer)(void* user, int64_t done, int64_t all);
#define DND_CUDA_STOPPED (-1)

typedef struct DndCudaDecoderConfig {
  int32_t device;
  const DndCudaFeature* features; /* the condition's first */
  int32_t feature_count;
  int32_t kernel;
  int32_t images;        /* conditions decoded at once, at most */
  uint64_t memory_bytes; /* of the device that may be used; 0: nine tenths of what is free */
  DndCudaWeights weights;
  void* user; /* of `weights`; both must live as long as the decoder */
} DndCudaDecoderConfig;

typedef struct DndCudaDecoder DndCudaDecoder;

/* base/build_id.h: nothing else may be called unless it is the caller's own. */
const char* dnd_cuda_build_id(void);
/* What the device is. Fails where there is no driver or no such device. */
int dnd_cuda_probe(int32_t device, DndCudaDeviceInfo* info, DndCudaStatus* status);
/* Calls `on_check` for every kernel. Fails only where the test could not be run. */
int dnd_cuda_self_test(int32_t device, DndCudaOnCheck on_check, void* user, DndCudaStatus* status);
/* Transforms the weights. The caller destroys `*decoder`, which is null after a failure. */
int dnd_cuda_create(const DndCudaDecoderConfig* config, DndCudaDecoder** decoder,
                    DndCudaStatus* status);
/* conditions (any number, N, H, W) -> tokens (as many, T, R, S). `on_layer` may be null. */
int dnd_cuda_run(DndCudaDecoder* decoder, const float* conditions, uint64_t condition_count,
                 float* tokens, uint64_t token_count, DndCudaOnLayer on_layer, void* user,
                 DndCudaStatus* status);
void dnd_cuda_destroy(DndCudaDecoder* decoder); /* null is allowed */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DND_OPS_CUDA_ABI_H_ */
