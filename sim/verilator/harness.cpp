// Drives a verilated design with whole batches of tokens and stamps every transfer with its cycle.
// ports.h is generated: INPUTS(X) and OUTPUTS(X) list X(index, words, data, valid, ready).
#include <algorithm>
#include <cstdint>
#include <memory>

#include "Vtop.h"
#include "ports.h"

namespace {

// One stream. `pattern` holds a byte per cycle, repeated: may the outside give or take a token in that cycle?
// A source, once it has offered a token, offers it until it is taken, whatever the pattern says.
struct Channel {
    uint32_t* words;
    int64_t* cycles;
    const uint8_t* pattern;
    int64_t period;
    int64_t tokens;
    int64_t done;
};

struct Limits {
    int64_t cycles;
    int64_t idle;
    int64_t reset;
    int64_t seed;
};

template <typename T>
void give(T& port, const uint32_t* words) {
    port = static_cast<T>(sizeof(T) == 8 ? words[0] | static_cast<uint64_t>(words[1]) << 32 : words[0]);
}
template <std::size_t N>
void give(VlWide<N>& port, const uint32_t* words) {
    std::copy(words, words + N, port.data());
}
template <typename T>
void take(const T& port, uint32_t* words) {
    words[0] = static_cast<uint32_t>(port);
    if (sizeof(T) == 8) words[1] = static_cast<uint32_t>(static_cast<uint64_t>(port) >> 32);
}
template <std::size_t N>
void take(const VlWide<N>& port, uint32_t* words) {
    std::copy(port.data(), port.data() + N, words);
}

bool complete(const Channel& c) { return c.done == c.tokens; }

// The pattern's byte of this cycle; steps on to the next cycle.
bool permits(const Channel& c, int64_t& phase) {
    const bool now = c.pattern[phase];
    if (++phase == c.period) phase = 0;
    return now;
}

}  // namespace

// Runs from reset until every channel is complete. Returns the number of cycles after reset, or -1 if the limits
// ended the run first.
extern "C" __attribute__((visibility("default"))) int64_t mulfree_run(Channel* in, Channel* out, const Limits* limits) {
    const auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(static_cast<int>(limits->seed));
    const auto top = std::make_unique<Vtop>(context.get(), "top");

#define SILENCE_INPUT(i, words_, data, valid, ready) top->valid = 0;
#define SILENCE_OUTPUT(i, words_, data, valid, ready) top->ready = 0;
    INPUTS(SILENCE_INPUT)
    OUTPUTS(SILENCE_OUTPUT)
    top->rst = 1;
    for (int64_t cycle = 0; cycle < limits->reset; ++cycle) {
        top->clk = 0;
        top->eval();
        top->clk = 1;
        top->eval();
    }
    top->rst = 0;

#define PHASE_INPUT(i, words_, data, valid, ready) int64_t in_phase##i = 0; bool offered##i = false;
#define PHASE_OUTPUT(i, words_, data, valid, ready) int64_t out_phase##i = 0;
    INPUTS(PHASE_INPUT)
    OUTPUTS(PHASE_OUTPUT)

    int64_t last_transfer = -1;
    for (int64_t cycle = 0; cycle < limits->cycles && cycle - last_transfer <= limits->idle; ++cycle) {
        top->clk = 0;
#define DRIVE_INPUT(i, words_, data, valid, ready)                                  \
    offered##i = (permits(in[i], in_phase##i) || offered##i) && !complete(in[i]);   \
    top->valid = offered##i;                                                        \
    if (offered##i) give(top->data, in[i].words + in[i].done * words_);
#define DRIVE_OUTPUT(i, words_, data, valid, ready) \
    const bool wanted##i = permits(out[i], out_phase##i) && !complete(out[i]); \
    top->ready = wanted##i;
        INPUTS(DRIVE_INPUT)
        OUTPUTS(DRIVE_OUTPUT)
        top->eval();
#define SAMPLE_INPUT(i, words_, data, valid, ready) \
    if (offered##i && top->ready) {                 \
        in[i].cycles[in[i].done++] = cycle;         \
        last_transfer = cycle;                      \
        offered##i = false;                         \
    }
#define SAMPLE_OUTPUT(i, words_, data, valid, ready)            \
    if (wanted##i && top->valid) {                              \
        take(top->data, out[i].words + out[i].done * words_);   \
        out[i].cycles[out[i].done++] = cycle;                   \
        last_transfer = cycle;                                  \
    }
        INPUTS(SAMPLE_INPUT)
        OUTPUTS(SAMPLE_OUTPUT)
        top->clk = 1;
        top->eval();
#define COMPLETE_INPUT(i, words_, data, valid, ready) && complete(in[i])
#define COMPLETE_OUTPUT(i, words_, data, valid, ready) && complete(out[i])
        if (true INPUTS(COMPLETE_INPUT) OUTPUTS(COMPLETE_OUTPUT)) {
            top->final();
            return cycle + 1;
        }
    }
    return -1;
}
