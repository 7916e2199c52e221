// Primal network simplex for one buying LP in whole numbers: the body of a function, for a CPU or a CUDA thread.
//
// Whoever pastes it defines before: constants K, R, M (nodes, regions, segments), types Real (of the arrays) and Int
// (a signed whole number as wide), and the macro CUDA_CALLABLE. `compiled.py` does.
//
// Vertices are numbered 0 ... K-1 (nodes), K ... K+R-1 (regions), P (pool) and S (sink), the root of the tree. Between
// two vertices there is at most one arc: a region's segments together are one arc with a kink after each segment, the
// last one followed by units that nobody wants at a cost of BIG. So a basis is a parent for every vertex, which node's
// order is at its cap, and at which kink each region outside the tree stands.
//
// Trees are kept strongly feasible (Cunningham, 1976: from every vertex one more unit could go up to the root), which
// rules out cycling; the tie among blocking arcs goes to the last one along the cycle, seen from its apex.
// Whole numbers make every sum exact: a blocked arc is at exactly zero, and no tolerance decides anything.

struct NetworkSimplex {
    enum { P = K + R, S = P + 1, VERTICES = S + 1, WORDS = (VERTICES + 63) / 64 };
    enum { AT_CAP = P + 1, KINK = AT_CAP + K, STATE = KINK + R };  // of a basis, after the parents: see `keep`
    enum { WIDE = sizeof(Int) == 8 };
    typedef unsigned long long Word;

    // Costs in steps of the grid are below 2^49 (2^20 where numbers have 32 bits), and a path has at most 2 R + 2 arcs.
    CUDA_CALLABLE static Int big() { return Int(1) << (WIDE ? 58 : 27); }  // an artificial arc; beyond all paths
    CUDA_CALLABLE static Int infinite() { return Int(1) << (WIDE ? 61 : 30); }  // no arc, or no limit

    // The LP.
    Int route[K * R], over[K], order[K], cap[K], supply[K], total;
    Int cost[M + 1][R], edge[M + 2][R];  // segment m of a region is what it serves between edges m and m + 1

    // The tree: what more fits up and down the arc to the parent, the cost of bringing a unit to the sink that way,
    // and, once there is a pivot, the set of vertices below (the vertex itself included). Children come before parents
    // in the sequence of the first tree.
    int parent[VERTICES], sequence[VERTICES];
    Int up[VERTICES], down[VERTICES], price[VERTICES];
    Word below[VERTICES][WORDS];
    bool inflow[VERTICES];  // the arc to the root is artificial and brings units in

    // Outside the tree: orders are at 0 (side 1) or at the cap (side -1; 0 where the cap is 0), and regions stand at a
    // kink with `served` units, between the segments `last` and `next`. Inside, `next` is the region's segment.
    Int side[K], forth[R], back[R], served[R];
    int next[R], last[R];
    int pivots;

    CUDA_CALLABLE static bool has(const Word* set, int vertex) { return (set[vertex >> 6] >> (vertex & 63)) & 1; }

    // A region outside the tree, at the kink before `segment`; segments without width are passed over.
    CUDA_CALLABLE void stand(int r, int segment) {
        const Int units = edge[segment][r];
        int above = 0, beneath = edge[0][r] < units ? 0 : -1;
        for (int m = 1; m <= M; ++m) {
            above += edge[m][r] <= units;
            beneath += edge[m][r] < units;
        }
        served[r] = units;
        next[r] = above;
        last[r] = beneath;
        forth[r] = cost[above][r];
        back[r] = beneath >= 0 ? cost[beneath >= 0 ? beneath : 0][r] : -infinite();
    }

    // A region inside the tree, on a segment.
    CUDA_CALLABLE void on_segment(int r, int segment) {
        next[r] = segment;
        forth[r] = back[r] = cost[segment][r];
    }

    CUDA_CALLABLE void hang(int vertex, int to, Int more, Int less) {
        parent[vertex] = to;
        up[vertex] = more;
        down[vertex] = less;
    }

    // A first guess without a state: every node sends all it has where a unit goes at the least cost.
    CUDA_CALLABLE void guess() {
        Int least = big();
        for (int r = 0; r < R; ++r) {
            parent[K + r] = S;
            stand(r, 0);
        }
        parent[P] = S;
        for (int k = 0; k < K; ++k) {
            Int best = over[k];
            parent[k] = S;
            for (int r = 0; r < R; ++r) {
                const Int through = route[k * R + r] + forth[r];
                if (through < best) {
                    best = through;
                    parent[k] = K + r;
                }
            }
            side[k] = cap[k] > 0;
            if (cap[k] > 0 && order[k] + best < least) {
                least = order[k] + best;
                parent[P] = k;
            }
        }
    }

    // Parents and bounds of an earlier basis; what no longer exists hangs from the root. Without branches: what an LP's
    // basis looks like cannot be foreseen.
    CUDA_CALLABLE void recall(const signed char* state) {
        for (int k = 0; k < K; ++k) {
            const int to = state[k] - 1, r = to - K;
            const bool to_region = (r >= 0) & (r < R), to_pool = (to == P) & (cap[k] > 0);
            const bool open = route[k * R + (to_region ? r : 0)] < infinite();
            parent[k] = ((to_region & open) | to_pool) ? to : +S;
            const Int outside = state[AT_CAP + k] != 0 ? -1 : 1;
            side[k] = cap[k] > 0 ? outside : 0;
        }
        for (int r = 0; r < R; ++r) {
            const int to = state[K + r] - 1;
            const bool to_node = (to >= 0) & (to < K), open = route[(to_node ? to : 0) * R + r] < infinite();
            parent[K + r] = (to_node & open) ? to : +S;
            const int kink = state[KINK + r];
            stand(r, kink < 0 ? 0 : (kink > M ? +M : kink));
        }
        const int to = state[P] - 1;
        const bool to_node = (to >= 0) & (to < K), open = cap[to_node ? to : 0] > 0;
        parent[P] = (to_node & open) ? to : +S;
    }

    // Flows and prices of the tree that the parents and bounds describe. An arc whose flow does not fit is put at its
    // bound, and its child hangs from the root instead. False where the parents describe no tree.
    CUDA_CALLABLE bool build() {
        Int excess[VERTICES], least[VERTICES], most[VERTICES];
        bounds(excess, least, most);
        int waiting[VERTICES], count = 0;  // children that still have to come, vertices that came
        for (int v = 0; v <= P; ++v) waiting[v] = 0;
        waiting[S] = VERTICES;
        for (int v = 0; v <= P; ++v) ++waiting[parent[v]];
        for (int v = 0; v <= P; ++v) {
            sequence[count] = v;
            count += waiting[v] == 0;
        }
        for (int i = 0; i <= P; ++i) {
            if (i == count) return false;
            const int v = sequence[i], to = parent[v];
            if (excess[v] < least[v] || excess[v] > most[v]) settle(v, excess);
            else excess[to] += excess[v];
            sequence[count] = to;
            count += --waiting[to] == 0;
        }
        for (int r = 0; r < R; ++r)
            if (parent[K + r] == S) reach(r, excess[K + r]);
        Int cost_up[VERTICES];
        measure(excess, cost_up);
        price[S] = 0;
        for (int i = P; i >= 0; --i) price[sequence[i]] = cost_up[sequence[i]] + price[parent[sequence[i]]];
        return true;
    }

    // The excess of each vertex alone, and between what bounds that of its tree fits the arc to the parent, such that one
    // more unit could go up.
    CUDA_CALLABLE void bounds(Int* excess, Int* least, Int* most) {
        excess[P] = total;
        for (int k = 0; k < K; ++k) {
            const bool to_pool = parent[k] == P;
            side[k] = (to_pool | (parent[P] == k)) ? 1 : side[k];
            const Int ordered = side[k] < 0 ? cap[k] : 0;
            excess[k] = supply[k] + ordered;
            excess[P] -= ordered;
            least[k] = to_pool ? -cap[k] : 0;
            most[k] = to_pool ? -1 : infinite();
        }
        for (int r = 0; r < R; ++r) {
            const bool to_node = parent[K + r] != S;
            excess[K + r] = to_node ? -served[r] : 0;
            least[K + r] = to_node ? -infinite() : 0;
            most[K + r] = to_node ? -1 : infinite();
        }
        least[P] = 0;
        most[P] = parent[P] < K ? cap[parent[P]] - 1 : 0;
        excess[S] = 0;
        for (int v = 0; v <= S; ++v) inflow[v] = false;
    }

    // Hang a vertex from the root whose excess does not fit the arc to its parent.
    CUDA_CALLABLE void settle(int v, Int* excess) {
        const int to = parent[v];
        if (v < K && to == P && excess[v] < 0) {  // beyond the cap
            side[v] = -1;
            excess[P] -= cap[v];
            excess[v] += cap[v];
        } else if (v == P && to < K && excess[v] > 0) {
            side[to] = -1;
            excess[to] += cap[to];
            excess[v] -= cap[to];
        } else if (v >= K && v < P) {
            excess[v] += to != S ? served[v - K] : 0;
            if (excess[v] < 0) stand(v - K, 0);
        }
        parent[v] = S;
        inflow[v] = excess[v] < 0;
    }

    // A region inside the tree that serves so many units.
    CUDA_CALLABLE void reach(int r, Int units) {
        int segment = 0;
        for (int m = 1; m <= M; ++m) segment += edge[m][r] <= units;
        if (units >= 0) on_segment(r, segment);
    }

    // What more fits up and down the arcs to the parents, and what a unit costs on its way up.
    CUDA_CALLABLE void measure(const Int* excess, Int* cost_up) {
        const auto carry = [&](int v, Int below, Int above, Int cost) {  // flow upward between these bounds
            up[v] = above - excess[v];
            down[v] = excess[v] - below;
            cost_up[v] = inflow[v] ? -big() : cost;
        };
        for (int k = 0; k < K; ++k) {
            const int to = parent[k], r = to < P ? to - K : 0;
            const bool to_pool = to == P, back = to_pool | inflow[k];
            const Int below = to_pool ? -cap[k] : -infinite(), through = to == S ? over[k] : route[k * R + r];
            carry(k, back ? below : 0, back ? 0 : infinite(), to_pool ? -order[k] : through);
        }
        for (int r = 0; r < R; ++r) {
            const int to = parent[K + r];
            const bool inside = to == S, back = !inside | inflow[K + r];
            const Int start = edge[next[r]][r], end = edge[next[r] + 1][r], through = -route[(inside ? 0 : to) * R + r];
            carry(K + r, back ? -infinite() : start, back ? 0 : end, inside ? cost[next[r]][r] : through);
        }
        const int to = parent[P];
        if (to < K) carry(P, 0, cap[to], order[to]);
        else carry(P, inflow[P] ? -infinite() : 0, inflow[P] ? 0 : infinite(), big());
    }

    // The sets of vertices below each vertex of the first tree.
    CUDA_CALLABLE void gather() {
        for (int v = 0; v <= S; ++v)
            for (int w = 0; w < WORDS; ++w) below[v][w] = v >> 6 == w ? Word(1) << (v & 63) : 0;
        for (int i = 0; i <= P; ++i)
            for (int w = 0; w < WORDS; ++w) below[parent[sequence[i]]][w] |= below[sequence[i]][w];
    }

    // The arc that leaves the tree takes its bound; `full` says that flow in the direction of the root filled it.
    CUDA_CALLABLE void leave(int v, bool full) {
        const int to = parent[v];
        if (to == S) {
            if (v >= K && v < P && !inflow[v]) stand(v - K, next[v - K] + full);
            inflow[v] = false;
        } else if (to == P) {
            side[v] = full ? 1 : -1;
        } else if (v == P) {
            side[to] = full ? -1 : 1;
        }
    }

    // The arc that enters: flow goes from `tail` to `head`, which changes the cost by `gain` < 0 for each unit.
    struct Entering {
        Int gain, room;
        int tail, head;
    };

    CUDA_CALLABLE bool choose(Entering& arc) const {
        Int best = 0;
        int k_best = -1, r_best = -1, order_best = -1, region_best = -1;
        for (int k = 0; k < K; ++k) {
            Int least = over[k];
            for (int r = 0; r < R; ++r) {
                const Int through = route[k * R + r] + price[K + r];
                least = through < least ? through : least;
            }
            least -= price[k];
            if (least < best) {
                best = least;
                k_best = k;
            }
        }
        for (int k = 0; k < K; ++k) {
            const Int gain = side[k] * (order[k] + price[k] - price[P]);
            if (gain < best) {
                best = gain;
                order_best = k;
            }
        }
        for (int r = 0; r < R; ++r) {
            const Int more = forth[r] - price[K + r], less = price[K + r] - back[r];
            const Int gain = more < less ? more : less;
            if (gain < best) {
                best = gain;
                region_best = r;
            }
        }
        if (best == 0) return false;
        arc.gain = best;
        if (region_best >= 0) {
            const int r = region_best;
            const bool more = forth[r] - price[K + r] == best;
            arc.tail = more ? K + r : +S;
            arc.head = more ? +S : K + r;
            arc.room = more ? edge[next[r] + 1][r] - served[r] : served[r] - edge[last[r]][r];
        } else if (order_best >= 0) {
            arc.tail = side[order_best] > 0 ? +P : order_best;
            arc.head = side[order_best] > 0 ? order_best : +P;
            arc.room = cap[order_best];
        } else {
            arc.tail = k_best;
            arc.room = infinite();
            arc.head = S;
            for (r_best = 0; r_best < R; ++r_best)
                if (route[k_best * R + r_best] + price[K + r_best] - price[k_best] == best) arc.head = K + r_best;
        }
        return true;
    }

    // Move flow around the cycle that an arc closes, and change the tree unless the arc itself blocks.
    CUDA_CALLABLE void pivot(const Entering& arc) {
        Int units = arc.room;
        int leaving = -1, apex = arc.tail;
        bool on_tail = false;
        for (; apex != S && !has(below[apex], arc.head); apex = parent[apex])
            if (down[apex] < units) {
                units = down[apex];
                leaving = apex;
                on_tail = true;
            }
        for (int v = arc.head; v != apex; v = parent[v])
            if (up[v] <= units) {
                units = up[v];
                leaving = v;
                on_tail = false;
            }
        for (int v = arc.tail; v != apex; v = parent[v]) {
            down[v] -= units;
            up[v] += units;
        }
        for (int v = arc.head; v != apex; v = parent[v]) {
            up[v] -= units;
            down[v] += units;
        }
        if (leaving < 0) flip(arc);
        else exchange(arc, leaving, on_tail, apex, units);
    }

    // The arc goes from one bound to the other.
    CUDA_CALLABLE void flip(const Entering& arc) {
        if (arc.head == S) stand(arc.tail - K, next[arc.tail - K] + 1);
        else if (arc.tail == S) stand(arc.head - K, last[arc.head - K]);
        else if (arc.tail == P) side[arc.head] = -1;
        else side[arc.tail] = 1;
    }

    // What hung from the leaving arc turns around and hangs from the entering one.
    CUDA_CALLABLE void exchange(const Entering& arc, int leaving, bool on_tail, int apex, Int units) {
        const int child = on_tail ? arc.tail : arc.head, to = on_tail ? arc.head : arc.tail;
        Word moved[WORDS], gone[WORDS];
        for (int w = 0; w < WORDS; ++w) {
            moved[w] = below[leaving][w];
            gone[w] = 0;
        }
        const Int change = on_tail ? arc.gain : -arc.gain;
        for (int v = 0; v <= P; ++v) price[v] += has(moved, v) ? change : 0;
        for (int v = parent[leaving]; v != apex; v = parent[v])
            for (int w = 0; w < WORDS; ++w) below[v][w] &= ~moved[w];
        for (int v = to; v != apex; v = parent[v])
            for (int w = 0; w < WORDS; ++w) below[v][w] |= moved[w];
        leave(leaving, !on_tail);
        if (to == S) on_segment_if_region(child, arc);
        Int more = on_tail ? arc.room - units : units, less = on_tail ? units : arc.room - units;
        for (int v = child, above = to;;) {
            const int old_parent = parent[v];
            const Int old_up = up[v], old_down = down[v];
            hang(v, above, more, less);
            for (int w = 0; w < WORDS; ++w) {
                const Word old = below[v][w];
                below[v][w] = moved[w] & ~gone[w];
                gone[w] = old;
            }
            if (v == leaving) break;
            above = v;
            v = old_parent;
            more = old_down;
            less = old_up;
        }
    }

    CUDA_CALLABLE void on_segment_if_region(int v, const Entering& arc) {
        if (v >= K) on_segment(v - K, arc.head == S ? next[v - K] : last[v - K]);
    }

    // Pivot until no arc improves, from a basis if there is one; false where `limit` came first.
    CUDA_CALLABLE bool run(const signed char* state, int limit) {
        bool recalled = state[0] != 0;
        if (recalled) {
            recall(state);
            recalled = build();
        }
        if (!recalled) {
            guess();
            build();
        }
        pivots = 0;
        Entering arc;
        if (!choose(arc)) return true;
        gather();
        do {
            if (pivots >= limit) return false;
            pivot(arc);
            ++pivots;
        } while (choose(arc));
        return true;
    }

    // Units on artificial arcs: none in an optimal flow.
    CUDA_CALLABLE Int astray() const {
        Int units = 0;
        for (int v = 0; v <= P; ++v) units += inflow[v] ? up[v] : 0;
        units += ((parent[P] == S) & !inflow[P]) ? down[P] : 0;
        for (int r = 0; r < R; ++r) {
            const Int unwanted = served_by(r) - edge[M][r];
            units += unwanted > 0 ? unwanted : 0;
        }
        return units;
    }

    CUDA_CALLABLE Int served_by(int r) const {
        const bool inside = (parent[K + r] == S) & !inflow[K + r];
        return inside ? edge[next[r]][r] + down[K + r] : served[r];
    }

    CUDA_CALLABLE Int ordered_by(int k) const {
        const Int outside = side[k] < 0 ? cap[k] : 0, through = parent[P] == k ? down[P] : outside;
        return parent[k] == P ? up[k] : through;
    }

    // The basis, as `recall` takes it.
    CUDA_CALLABLE void keep(signed char* state) const {
        for (int v = 0; v <= P; ++v) state[v] = static_cast<signed char>(parent[v] + 1);
        for (int k = 0; k < K; ++k) state[AT_CAP + k] = (side[k] < 0) & (parent[k] != P) & (parent[P] != k);
        for (int r = 0; r < R; ++r) {
            const signed char kink = static_cast<signed char>(last[r] + 1);
            state[KINK + r] = parent[K + r] == S ? 0 : kink;
        }
    }
};
