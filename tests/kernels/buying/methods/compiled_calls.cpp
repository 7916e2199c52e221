// Calls of the compiled buying LP as XLA makes them, with every array on its own on the heap, for a sanitizer to watch:
// batches of all sizes around the lanes and blocks, no bases, invalid ones, some LPs active, invalid numbers.
// `source.h` is what `compiled._source` makes, and the handler; both are bodies of functions.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>
#define CUDA_CALLABLE

static double uniform() { return std::rand() / (RAND_MAX + 1.0); }

int main() {
#include "source.h"
    typedef BuyingLPs At;  // positions
    enum { STATE = NetworkSimplex::STATE };
    const auto draw = [](int array, int segment) {
        const double u = uniform();
        if (uniform() < 0.002) return std::nan("");
        if (array == At::ROUTE_COST && u < 0.2) return INFINITY + 0.0;
        const double quantity = array == At::ORDER_CAP ? 5 + 10 * u : (array == At::ORDER_TOTAL ? 4 * K * u : 9 * u);
        const double value = array == At::SEGMENT_VALUE ? 100 - 20 * segment + u : quantity;
        return uniform() < 0.01 ? 1e-12 * value : value;
    };
    int solved = 0;
    for (int count : {1, 2, L, L + 1, B - 1, B, B + 1, 3 * B + 2})
        for (int state_kind = 0; state_kind < 2; ++state_kind)
            for (int value_rows : {1, +R})
                for (int some_active = 0; some_active < 2; ++some_active) {
                    std::vector<std::unique_ptr<char[]>> kept;
                    const auto room = [&](size_t bytes) {
                        kept.emplace_back(new char[bytes]);
                        return static_cast<void*>(kept.back().get());
                    };
                    Handler::Buffer in[At::INPUTS] = {}, out[At::OUTPUTS] = {}, *ins[At::INPUTS], *outs[At::OUTPUTS];
                    long long first_dims[] = {K, count}, value_dims[] = {value_rows};
                    long long active_dims[] = {some_active ? count : 1};
                    in[At::SUPPLY].dims = first_dims;
                    in[At::SEGMENT_VALUE].dims = value_dims;
                    in[At::ACTIVE].dims = active_dims;
                    int numbers = (STATE + sizeof(Real) - 1) / sizeof(Real);
                    for (int a = 0; a < At::GIVEN; ++a) {
                        const int rows = At::rows_in(a, value_rows);
                        numbers += At::rows_given(a);
                        Real* to = static_cast<Real*>(in[a].data = room(sizeof(Real) * rows * count));
                        for (int i = 0; i < rows * count; ++i) to[i] = Real(draw(a, i / count % M));
                    }
                    char* start = static_cast<char*>(in[At::START].data = room(STATE * count));
                    for (int i = 0; i < STATE * count; ++i) start[i] = state_kind ? static_cast<char>(std::rand()) : 0;
                    bool* active = static_cast<bool*>(in[At::ACTIVE].data = room(active_dims[0]));
                    for (int i = 0; i < active_dims[0]; ++i) active[i] = !some_active || uniform() < 0.3;
                    *static_cast<int*>(in[At::ITERATIONS].data = room(sizeof(int))) = 1000;
                    const Real tolerance = sizeof(Real) == 8 ? Real(1e-8) : Real(2e-5);
                    *static_cast<Real*>(in[At::TOLERANCE].data = room(sizeof(Real))) = tolerance;
                    for (int a = 0; a < At::FOUND; ++a) {
                        numbers += At::rows_found(a);
                        out[a].data = room(sizeof(Real) * At::rows_found(a) * count);
                    }
                    out[At::STATUS].data = room(sizeof(int) * count);
                    out[At::BASIS].data = room(STATE * count);
                    out[At::PIVOTS].data = room(sizeof(int) * count);
                    out[At::WORKSPACE].data = room(sizeof(Real) * numbers * (count < B ? count : B));
                    for (int i = 0; i < At::INPUTS; ++i) ins[i] = in + i;
                    for (int i = 0; i < At::OUTPUTS; ++i) outs[i] = out + i;
                    Handler::solve(ins, outs);
                    for (int i = 0; i < count; ++i)
                        solved += active[some_active ? i : 0] && static_cast<int*>(out[At::STATUS].data)[i] == At::OPTIMAL;
                }
    std::printf("%d\n", solved);
}
