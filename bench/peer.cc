// The parts that pymicro_wakeword is made of, called from a tight loop of C: the front end of pymicro-features (its source package) and the model by
// the TensorFlow Lite C library of the pymicro-wakeword wheel. wake_cpu.py compiles it. It prints how often the word was heard.
//
//   peer LIBTENSORFLOWLITE_C MODEL.tflite CUTOFF WINDOW RECORDING.wav
#include <dlfcn.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tensorflow/lite/experimental/microfrontend/lib/frontend.h"
#include "tensorflow/lite/experimental/microfrontend/lib/frontend_util.h"

struct Quantization {
  float scale;
  int32_t zero_point;
};

// symbol looks up a function of the library, which has no headers in the wheel.
template <typename F>
static F symbol(void *library, const char *name) {
  F f = reinterpret_cast<F>(dlsym(library, name));
  if (!f) {
    fprintf(stderr, "peer: no %s in the library\n", name);
    exit(1);
  }
  return f;
}

static std::vector<int16_t> samples(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f || fseek(f, 44, SEEK_SET) != 0) {  // wake_cpu.py writes the plainest header there is
    fprintf(stderr, "peer: cannot read %s\n", path);
    exit(1);
  }
  std::vector<int16_t> all;
  int16_t part[4096];
  for (size_t n; (n = fread(part, 2, 4096, f)) > 0;) all.insert(all.end(), part, part + n);
  fclose(f);
  return all;
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  void *lib = dlopen(argv[1], RTLD_NOW);
  if (!lib) {
    fprintf(stderr, "peer: %s\n", dlerror());
    return 1;
  }
  auto load = symbol<void *(*)(const char *)>(lib, "TfLiteModelCreateFromFile");
  auto create = symbol<void *(*)(void *, void *)>(lib, "TfLiteInterpreterCreate");
  auto allocate = symbol<int (*)(void *)>(lib, "TfLiteInterpreterAllocateTensors");
  auto invoke = symbol<int (*)(void *)>(lib, "TfLiteInterpreterInvoke");
  auto input_of = symbol<void *(*)(void *, int32_t)>(lib, "TfLiteInterpreterGetInputTensor");
  auto output_of = symbol<const void *(*)(const void *, int32_t)>(lib, "TfLiteInterpreterGetOutputTensor");
  auto dim = symbol<int32_t (*)(const void *, int32_t)>(lib, "TfLiteTensorDim");
  auto quantization = symbol<Quantization (*)(const void *)>(lib, "TfLiteTensorQuantizationParams");
  auto put = symbol<int (*)(void *, const void *, size_t)>(lib, "TfLiteTensorCopyFromBuffer");
  auto get = symbol<int (*)(const void *, void *, size_t)>(lib, "TfLiteTensorCopyToBuffer");

  void *model = load(argv[2]);
  void *interpreter = model ? create(model, nullptr) : nullptr;
  if (!interpreter || allocate(interpreter) != 0) {
    fprintf(stderr, "peer: cannot load %s\n", argv[2]);
    return 1;
  }
  const double cutoff = atof(argv[3]);
  const int window = atoi(argv[4]);
  void *input = input_of(interpreter, 0);
  const void *output = output_of(interpreter, 0);
  const Quantization in = quantization(input), out = quantization(output);
  const int stride = dim(input, 1), channels = 40;

  // The settings of pymicro_features 2.0.2, which microWakeWord models are trained with.
  FrontendConfig config = {};
  FrontendFillConfigWithDefaults(&config);
  config.window.size_ms = 30;
  config.window.step_size_ms = 10;
  config.filterbank.num_channels = channels;
  config.filterbank.lower_band_limit = 125;
  config.filterbank.upper_band_limit = 7500;
  config.noise_reduction.smoothing_bits = 10;
  config.noise_reduction.even_smoothing = 0.025f;
  config.noise_reduction.odd_smoothing = 0.06f;
  config.noise_reduction.min_signal_remaining = 0.05f;
  config.pcan_gain_control.enable_pcan = 1;
  config.pcan_gain_control.strength = 0.95f;
  config.pcan_gain_control.offset = 80;
  config.pcan_gain_control.gain_bits = 21;
  config.log_scale.enable_log = 1;
  config.log_scale.scale_shift = 6;
  FrontendState state;
  if (!FrontendPopulateState(&config, &state, 16000)) return 1;

  const std::vector<int16_t> audio = samples(argv[5]);
  std::vector<int8_t> features(static_cast<size_t>(stride) * channels);
  std::vector<double> probabilities(window);
  int filled = 0, heard = 0;
  long now = 0, latest = -100, inferences = 0;  // in features of 10 ms
  for (size_t at = 0; at + 160 <= audio.size();) {
    size_t taken = 0;
    const FrontendOutput f = FrontendProcessSamples(&state, audio.data() + at, 160, &taken);
    at += taken;
    if (f.size == 0) continue;
    now++;
    for (size_t i = 0; i < f.size; i++) {
      long q = std::lround(f.values[i] * 0.0390625 / in.scale + in.zero_point);
      features[filled * channels + i] = static_cast<int8_t>(q < -128 ? -128 : q > 127 ? 127 : q);
    }
    if (++filled < stride) continue;
    filled = 0;
    uint8_t result = 0;
    if (put(input, features.data(), features.size()) != 0 || invoke(interpreter) != 0 || get(output, &result, 1) != 0) return 1;
    probabilities[inferences++ % window] = (result - out.zero_point) * out.scale;
    double sum = 0;
    for (double p : probabilities) sum += p;
    if (inferences >= window && sum / window > cutoff) {
      heard += now - latest >= 100;
      latest = now;
    }
  }
  printf("%d\n", heard);
  return 0;
}
