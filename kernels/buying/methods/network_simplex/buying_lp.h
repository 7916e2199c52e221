// L buying LPs in the numbers that came in, their checks and their way onto the grid: does for L LPs what `problem.py`
// and `shortest_paths` do for blocks of them in JAX, and is tested against those. Pasted after `network_simplex.h`
// and the structures `Given` and `Found` that `signature.py` makes of the fields of the call.
//
// A `Row` holds one number of each of the L LPs: on a CPU a vector as wide as a cache line, in a CUDA thread (L = 1) a
// number. Both are written alike: `mask ? a : b` chooses lane by lane, where a and b are rows.

struct Problems : Given {
    enum { BITS = sizeof(Real) == 8 ? 52 : 23, BIAS = sizeof(Real) == 8 ? 1023 : 127 };  // of floating-point numbers

    Row everything, largest_cost, unit, step, bad, empty;

    // On the grid, as floating-point numbers.
    Row grid_order[K], grid_cap[K], grid_total, grid_supply[K], grid_route[K * R], grid_over[K];
    Row grid_value[R * M], grid_filled[R * M];

    CUDA_CALLABLE static Row all(Real number) { return Row{} + number; }
    CUDA_CALLABLE static Row lesser(Row a, Row b) { return b < a ? b : a; }
    CUDA_CALLABLE static Row greater(Row a, Row b) { return b > a ? b : a; }
    CUDA_CALLABLE static Row magnitude(Row a) { return a < all(0) ? -a : a; }
    CUDA_CALLABLE static Real& lane(Row& row, int l) { return reinterpret_cast<Real*>(&row)[l]; }
    CUDA_CALLABLE static Real lane(const Row& row, int l) { return reinterpret_cast<const Real*>(&row)[l]; }
    CUDA_CALLABLE static Real infinity() { return power(BIAS + 1); }

    union Bits {
        Int bits;
        Real number;
    };

    // 2^exponent, not below the least number of full precision.
    CUDA_CALLABLE static Real power(Int exponent) {
        Bits it;
        it.bits = (exponent < 1 - BIAS ? 1 : exponent + BIAS) << BITS;
        return it.number;
    }

    // 2^(e - bits) for the least 2^e above each size; 1 where the size is 0.
    CUDA_CALLABLE static Row powers_of_two(Row sizes, int bits) {
        Row powers;
        for (int l = 0; l < L; ++l) {
            Bits it;
            it.number = lane(sizes, l);
            lane(powers, l) = power(it.number > 0 ? (it.bits >> BITS) - (BIAS - 1) - bits : 0);
        }
        return powers;
    }

    // The nearest whole numbers, halves to even; numbers of 2^BITS and more are whole.
    CUDA_CALLABLE static Row nearest(Row a) {
        const Row most = all(Real(Int(1) << BITS));
        return a < most ? (a + most) - most : a;
    }

    CUDA_CALLABLE static Row nearest_cost(Row a) {  // of less than 2^(BITS - 2) either way
        const Row most = all(Real(Int(3) << (BITS - 1)));
        return (a + most) - most;
    }

    // Rows of an array as it comes: all regions may share `value_rows` = 1 row of segment values.
    CUDA_CALLABLE static int rows_in(int array, int value_rows) {
        return array == SEGMENT_VALUE ? value_rows * M : rows_given(array);
    }

    // Columns `first` to `first + lanes` of arrays whose rows are `stride` apart; other LPs get no units.
    CUDA_CALLABLE void load(const Real* const* arrays, int value_rows, long long stride, long long first, int lanes) {
        for (int a = 0; a < GIVEN; ++a) {
            const Real* from = arrays[a] + first;
            Row* const to = given(a);
            for (int i = 0; i < rows_in(a, value_rows); ++i, from += stride) {
                if (lanes == L) {
                    for (int l = 0; l < L; ++l) lane(to[i], l) = from[l];
                } else {
                    to[i] = all(0);
                    for (int l = 0; l < lanes; ++l) lane(to[i], l) = from[l];
                }
            }
        }
        for (int i = value_rows * M; i < R * M; ++i) segment_value[i] = segment_value[i - M];
    }

    // Which LPs need no solver: those with an invalid number, and those whose caps cannot hold the total.
    CUDA_CALLABLE void check() {
        const Row zero = all(0), one = all(1), least = all(-infinity());
        const auto not_finite = [&](Row& found, Row a) { found = a - a == zero ? found : one; };
        const auto not_units = [&](Row& found, Row a) {
            not_finite(found, a);
            found = a >= zero ? found : one;
        };
        Row room = zero;
        bad = zero;
        everything = order_total[0];
        not_units(bad, order_total[0]);
        for (int k = 0; k < K; ++k) {
            not_finite(bad, order_cost[k]);
            not_finite(bad, overage_cost[k]);
            not_units(bad, order_cap[k]);
            not_units(bad, supply[k]);
            room += order_cap[k];
            everything += supply[k];
        }
        for (int i = 0; i < K * R; ++i) bad = route_cost[i] > least ? bad : one;
        for (int i = 0; i < R * M; ++i) {
            not_finite(bad, segment_value[i]);
            not_units(bad, segment_width[i]);
            if (i % M > 0) bad = segment_value[i] <= segment_value[i - 1] ? bad : one;
        }
        const Real slack = 1 - 4 * K / Real(Int(1) << BITS);  // the caps' sum errs by rounding
        empty = room < order_total[0] * slack ? one : bad;
    }

    // Routes on which leaving a unit over is at least as good as serving the region's best segment carry nothing.
    CUDA_CALLABLE void close_useless_routes() {
        const Row never = all(infinity());
        for (int k = 0; k < K; ++k)
            for (int r = 0; r < R; ++r) {
                Row& cost = route_cost[k * R + r];
                cost = cost < overage_cost[k] + segment_value[r * M] ? cost : never;
            }
    }

    CUDA_CALLABLE void size_costs() {
        const Row zero = all(0), never = all(infinity());
        Row largest = zero;
        for (int k = 0; k < K; ++k) {
            largest = greater(largest, order_cap[k] > zero ? magnitude(order_cost[k]) : zero);
            largest = greater(largest, magnitude(overage_cost[k]));
        }
        for (int i = 0; i < K * R; ++i) largest = greater(largest, route_cost[i] < never ? magnitude(route_cost[i]) : zero);
        for (int i = 0; i < R * M; ++i) largest = greater(largest, magnitude(segment_value[i]));
        largest_cost = largest;
    }

    // The LPs in whole numbers: see `shortest_paths.search.on_grid`.
    CUDA_CALLABLE void to_grid() {
        unit = powers_of_two(everything, BITS);
        step = powers_of_two(largest_cost, BITS - 3);
        const Row zero = all(0), one = all(1), never = all(infinity());
        const Row per_unit = one / unit, per_step = one / step, most = everything + everything;
        const auto amount = [&](Row a) {
            const Row whole = nearest(lesser(a, most) * per_unit), sign = a > zero ? one : zero;
            return most > zero ? whole : sign;
        };
        Row room = zero;
        for (int k = 0; k < K; ++k) {
            grid_cap[k] = amount(order_cap[k]);
            grid_supply[k] = amount(supply[k]);
            grid_over[k] = nearest_cost(overage_cost[k] * per_step);
            grid_order[k] = nearest_cost((grid_cap[k] > zero ? order_cost[k] : zero) * per_step);
            room += grid_cap[k];
        }
        grid_total = lesser(amount(order_total[0]), room);
        for (int i = 0; i < K * R; ++i) {
            const Row whole = nearest_cost(route_cost[i] * per_step);
            grid_route[i] = route_cost[i] < never ? whole : all(Real(NetworkSimplex::infinite()));
        }
        for (int i = 0; i < R * M; ++i) {
            grid_value[i] = nearest_cost(segment_value[i] * per_step);
            grid_filled[i] = amount(segment_width[i]) + (i % M > 0 ? grid_filled[i - 1] : zero);
        }
    }

    // One LP's numbers for its simplex.
    CUDA_CALLABLE void hand(NetworkSimplex& net, int l) const {
        for (int i = 0; i < K * R; ++i) net.route[i] = Int(lane(grid_route[i], l));
        for (int k = 0; k < K; ++k) {
            net.over[k] = Int(lane(grid_over[k], l));
            net.order[k] = Int(lane(grid_order[k], l));
            net.cap[k] = Int(lane(grid_cap[k], l));
            net.supply[k] = Int(lane(grid_supply[k], l));
        }
        net.total = Int(lane(grid_total, l));
        for (int r = 0; r < R; ++r) {
            net.edge[0][r] = 0;
            for (int m = 0; m < M; ++m) {
                net.cost[m][r] = -Int(lane(grid_value[r * M + m], l));
                net.edge[m + 1][r] = Int(lane(grid_filled[r * M + m], l));
            }
            net.cost[M][r] = NetworkSimplex::big();
            net.edge[M + 1][r] = NetworkSimplex::infinite();
        }
    }
};
