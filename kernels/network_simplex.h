// Primal network simplex for one buying LP in whole numbers: the body of a function, for a CPU or a CUDA thread.
//
// Whoever pastes it defines before: constants K, R, M (nodes, regions, segments), types Real (of the arrays) and Int
// (a signed whole number as wide), and the macro CUDA_CALLABLE. `_network_simplex.py` does.
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
    enum { P = K + R, S = P + 1, VERTICES = S + 1, WORDS = (VERTICES + 63) / 64, STATE = P + 1 + K + R };
    enum { WIDE = sizeof(Int) == 8 };
    typedef unsigned long long Word;

    // Costs in steps of the grid are below 2^49 (2^20 where numbers have 32 bits), and a path has at most 2 R + 2 arcs.
    CUDA_CALLABLE static Int big() { return Int(1) << (WIDE ? 58 : 27); }  // an artificial arc; beyond all paths
    CUDA_CALLABLE static Int infinite() { return Int(1) << (WIDE ? 61 : 30); }  // no arc, or no limit

    // The LP.
    Int route[K * R], over[K], order[K], cap[K], supply[K], total;
    Int cost[R][M + 1], filled[R][M + 1];

    // The tree: what more fits up and down the arc to the parent, the cost of bringing a unit to the sink that way,
    // and the set of vertices below (the vertex itself included).
    int parent[VERTICES];
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
        const Int units = segment > 0 ? filled[r][segment - 1] : 0;
        int above = segment, beneath = segment - 1;
        while (filled[r][above] <= units) ++above;
        while (beneath >= 0 && (beneath > 0 ? filled[r][beneath - 1] : 0) >= units) --beneath;
        served[r] = units;
        next[r] = above;
        last[r] = beneath;
        forth[r] = cost[r][above];
        back[r] = beneath >= 0 ? cost[r][beneath] : -infinite();
    }

    // A region inside the tree, on a segment.
    CUDA_CALLABLE void on_segment(int r, int segment) {
        next[r] = segment;
        forth[r] = back[r] = cost[r][segment];
    }

    CUDA_CALLABLE Int start_of(int r, int segment) const { return segment > 0 ? filled[r][segment - 1] : 0; }

    CUDA_CALLABLE void hang(int vertex, int to, Int more, Int less) {
        parent[vertex] = to;
        up[vertex] = more;
        down[vertex] = less;
    }

    // An artificial arc that brings in what the vertex lacks.
    CUDA_CALLABLE void bring_in(int vertex, Int units) {
        hang(vertex, S, units, infinite());
        inflow[vertex] = true;
    }

    CUDA_CALLABLE bool arc_exists(int vertex, int to) const {
        if (to == S) return true;
        if (to < 0 || to > S) return false;
        if (vertex < K && to >= K && to < P) return route[vertex * R + to - K] < infinite();
        if (vertex < K && to == P) return cap[vertex] > 0;
        if (vertex >= K && vertex < P && to < K) return route[to * R + vertex - K] < infinite();
        return vertex == P && to < K && cap[to] > 0;
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

    // Parents and bounds of an earlier basis; what no longer exists hangs from the root.
    CUDA_CALLABLE void recall(const signed char* state, long long stride) {
        for (int v = 0; v <= P; ++v) {
            const int to = state[v * stride] - 1;
            parent[v] = arc_exists(v, to) ? to : +S;
        }
        for (int k = 0; k < K; ++k) side[k] = cap[k] > 0 ? (state[(P + 1 + k) * stride] != 0 ? -1 : 1) : 0;
        for (int r = 0; r < R; ++r) {
            const int kink = state[(P + 1 + K + r) * stride];
            stand(r, kink < 0 ? 0 : (kink > M ? +M : kink));
        }
    }

    // Vertices in an order in which parents come first; false where the parents run in a circle.
    CUDA_CALLABLE bool arrange(int* sequence) const {
        signed char seen[VERTICES];
        int path[VERTICES];
        int count = 0;
        for (int v = 0; v <= P; ++v) seen[v] = 0;
        seen[S] = 2;
        for (int v = 0; v <= P; ++v) {
            int length = 0, at = v;
            for (; !seen[at]; at = parent[at]) {
                seen[at] = 1;
                path[length++] = at;
            }
            if (seen[at] == 1) return false;
            while (length > 0) {
                sequence[count++] = path[--length];
                seen[path[length]] = 2;
            }
        }
        return true;
    }

    // Flows, prices and sets of the tree that the parents and bounds describe. An arc whose flow does not fit is put at
    // its bound, and its child hangs from the root instead. False where the parents describe no tree.
    CUDA_CALLABLE bool build() {
        int sequence[VERTICES];
        Int excess[VERTICES];
        if (!arrange(sequence)) return false;
        excess[P] = total;
        for (int k = 0; k < K; ++k) {
            const bool inside = parent[k] == P || parent[P] == k;
            if (inside) side[k] = 1;
            excess[k] = supply[k] + (side[k] < 0 ? cap[k] : 0);
            excess[P] -= side[k] < 0 ? cap[k] : 0;
        }
        for (int r = 0; r < R; ++r) excess[K + r] = parent[K + r] == S ? 0 : -served[r];
        for (int v = 0; v <= S; ++v) {
            inflow[v] = false;
            for (int w = 0; w < WORDS; ++w) below[v][w] = 0;
        }
        for (int i = P; i >= 0; --i) {
            const int v = sequence[i];
            settle(v, excess);
            below[v][v >> 6] |= Word(1) << (v & 63);
            if (parent[v] != S)
                for (int w = 0; w < WORDS; ++w) below[parent[v]][w] |= below[v][w];
        }
        price[S] = 0;
        for (int i = 0; i <= P; ++i) price[sequence[i]] = price_of(sequence[i]);
        return true;
    }

    // Put a vertex's excess on the arc to its parent, or on an arc to the root where it does not fit.
    CUDA_CALLABLE void settle(int v, Int* excess) {
        const Int units = excess[v];
        const int to = parent[v];
        if (v < K) {
            settle_node(v, to, units, excess);
        } else if (v == P) {
            const bool through = to < K;
            const Int room = through ? cap[to] : 0;
            if (through && units >= 0 && units < room) {
                hang(v, to, room - units, units);
                excess[to] += units;
            } else if (units < 0) {
                bring_in(v, -units);
            } else {  // the cap is too small
                if (through) {
                    side[to] = -1;
                    excess[to] += room;
                }
                hang(v, S, infinite() - (units - room), units - room);
            }
        } else if (to != S && units < 0) {
            hang(v, to, -units, infinite() + units);
            excess[to] += units;
        } else {
            const int r = v - K;
            const Int all = units + (to == S ? 0 : served[r]);
            if (all < 0) {
                stand(r, 0);
                bring_in(v, -all);
                return;
            }
            int segment = 0;
            while (filled[r][segment] <= all) ++segment;
            on_segment(r, segment);
            hang(v, S, filled[r][segment] - all, all - start_of(r, segment));
        }
    }

    CUDA_CALLABLE void settle_node(int k, int to, Int units, Int* excess) {
        if (to == P) {
            if (units < 0 && -units <= cap[k]) {
                hang(k, P, -units, cap[k] + units);
                excess[P] += units;
                return;
            }
            if (units < 0) {
                side[k] = -1;
                excess[P] -= cap[k];
                units += cap[k];
            }
        } else if (to != S && units >= 0) {
            hang(k, to, infinite() - units, units);
            excess[to] += units;
            return;
        }
        if (units < 0) bring_in(k, -units);
        else hang(k, S, infinite() - units, units);
    }

    CUDA_CALLABLE Int price_of(int v) const {
        const int to = parent[v];
        if (to == S) {
            if (inflow[v]) return -big();
            return v < K ? over[v] : (v == P ? big() : cost[v - K][next[v - K]]);
        }
        if (v == P) return order[to] + price[to];
        if (v >= K) return price[to] - route[to * R + v - K];
        return to == P ? price[P] - order[v] : route[v * R + to - K] + price[to];
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
            arc.room = more ? filled[r][next[r]] - served[r] : served[r] - start_of(r, last[r]);
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

    // Pivot until no arc improves; false where `limit` came first.
    CUDA_CALLABLE bool run(const signed char* state, long long stride, int limit) {
        bool recalled = state[0] != 0;
        if (recalled) {
            recall(state, stride);
            recalled = build();
        }
        if (!recalled) {
            guess();
            build();
        }
        Entering arc;
        for (pivots = 0; choose(arc); ++pivots) {
            if (pivots >= limit) return false;
            pivot(arc);
        }
        return true;
    }

    // Units on artificial arcs: none in an optimal flow.
    CUDA_CALLABLE Int astray() const {
        Int units = 0;
        for (int v = 0; v <= P; ++v)
            if (parent[v] == S && inflow[v]) units += up[v];
        if (parent[P] == S && !inflow[P]) units += down[P];
        for (int r = 0; r < R; ++r) {
            const Int wanted = M > 0 ? filled[r][M - 1] : 0, all = served_by(r);
            units += all > wanted ? all - wanted : 0;
        }
        return units;
    }

    CUDA_CALLABLE Int served_by(int r) const {
        const bool inside = parent[K + r] == S && !inflow[K + r];
        return inside ? start_of(r, next[r]) + down[K + r] : served[r];
    }

    CUDA_CALLABLE Int ordered_by(int k) const {
        if (parent[k] == P) return up[k];
        if (parent[P] == k) return down[P];
        return side[k] < 0 ? cap[k] : 0;
    }

    // The basis, as `recall` takes it.
    CUDA_CALLABLE void keep(signed char* state, long long stride) const {
        for (int v = 0; v <= P; ++v) state[v * stride] = static_cast<signed char>(parent[v] + 1);
        for (int k = 0; k < K; ++k) state[(P + 1 + k) * stride] = side[k] < 0 && parent[k] != P && parent[P] != k;
        for (int r = 0; r < R; ++r)
            state[(P + 1 + K + r) * stride] = parent[K + r] == S ? 0 : static_cast<signed char>(last[r] + 1);
    }
};
