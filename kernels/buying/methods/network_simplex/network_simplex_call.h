// The call that XLA makes on a CPU: the body of a function with an output `address`, pasted after `buying_lp_answer.h`.
// Structures as in xla/ffi/api/c_api.h, whose binary interface XLA keeps; only the fields used here have names.

struct Handler {
    enum { ASKS_FOR_METADATA = 1 };  // type of an extension
    enum { VERSION_MAJOR = 0, VERSION_MINOR = 1 };  // of the interface
    struct Extension {
        size_t size;
        int type;
        Extension* following;
    };
    struct Metadata {
        size_t size, version_size;
        Extension* version_extension;
        int major, minor;
    };
    struct MetadataExtension {
        Extension base;
        Metadata* metadata;
    };
    struct Buffer {
        size_t size;
        Extension* extension;
        int type;
        void* data;
        long long rank;
        const long long* dims;
    };
    struct Buffers {
        size_t size;
        Extension* extension;
        long long count;
        int* types;
        Buffer** each;
    };
    struct CallFrame {
        size_t size;
        Extension* extension;
        const void* interface;
        void* context;
        int stage;
        Buffers inputs, outputs;
    };

    // Answers the question for the version of the interface, or solves the LPs of a batch one after another.
    static void* call(CallFrame* frame) {
        if (frame->extension != nullptr && frame->extension->type == ASKS_FOR_METADATA) {
            Metadata* metadata = reinterpret_cast<MetadataExtension*>(frame->extension)->metadata;
            metadata->major = VERSION_MAJOR;
            metadata->minor = VERSION_MINOR;
            return nullptr;
        }
        solve(frame->inputs.each, frame->outputs.each);
        return nullptr;
    }

    // B LPs at a time: the columns of the active ones go to a workspace within a core's second cache, and the answers back
    // from there. Rows are a whole batch apart: with few cache lines of each in a go, the core would wait for every one.
    static void solve(Buffer** in, Buffer** out) {
        typedef BuyingLPs At;  // positions
        enum { STATE = NetworkSimplex::STATE };
        const long long count = in[At::SUPPLY]->dims[1];
        const int value_rows = in[At::SEGMENT_VALUE]->dims[0] == 1 ? 1 : R;
        const int width = count < B ? static_cast<int>(count) : B;
        const bool* active = static_cast<const bool*>(in[At::ACTIVE]->data);
        const bool all = in[At::ACTIVE]->dims[0] == 1 && *active;
        const int limit = *static_cast<const int*>(in[At::ITERATIONS]->data);
        const Real tolerance = *static_cast<const Real*>(in[At::TOLERANCE]->data);
        const signed char* start = static_cast<const signed char*>(in[At::START]->data);
        signed char* basis = static_cast<signed char*>(out[At::BASIS]->data);
        int* status = static_cast<int*>(out[At::STATUS]->data);
        int* pivots = static_cast<int*>(out[At::PIVOTS]->data);
        Real *given[At::GIVEN], *found[At::FOUND], *room = static_cast<Real*>(out[At::WORKSPACE]->data);
        for (int a = 0; a < At::GIVEN; room += At::rows_given(a++) * width) given[a] = room;
        for (int a = 0; a < At::FOUND; room += At::rows_found(a++) * width) found[a] = room;
        signed char(*states)[STATE] = reinterpret_cast<signed char(*)[STATE]>(room);
        int place[B];
        for (long long first = 0; first < count; first += width) {
            const int columns = count - first < width ? static_cast<int>(count - first) : width;
            int many = 0;
            for (int c = 0; c < columns; ++c) {
                place[many] = c;
                many += all || active[first + c];
            }
            for (int a = 0; a < At::GIVEN; ++a)
                gather(static_cast<const Real*>(in[a]->data) + first, count, given[a], width, At::rows_in(a, value_rows),
                       place, many);
            for (int i = 0; i < STATE; ++i)
                for (int c = 0; c < many; ++c) states[c][i] = start[i * count + first + place[c]];
            for (int c = 0; c < columns; ++c) status[first + c] = pivots[first + c] = 0;
            for (int c = 0; c < many; c += L) {
                const int lanes = many - c < L ? many - c : L;
                BuyingLPs lps;
                lps.load(given, value_rows, width, c, lanes);
                lps.solve(states + c, lanes, limit, tolerance);
                lps.store(found, width, c, lanes);
                for (int l = 0; l < lanes; ++l) {
                    status[first + place[c + l]] = lps.status[l];
                    pivots[first + place[c + l]] = lps.pivots[l];
                }
            }
            for (int a = 0; a < At::FOUND; ++a)
                scatter(found[a], width, static_cast<Real*>(out[a]->data) + first, count, At::rows_found(a), place, many,
                        columns);
            for (int i = 0; i < STATE; ++i) {
                const long long row = i * count + first;
                for (int c = 0; many < columns && c < columns; ++c) basis[row + c] = start[row + c];
                for (int c = 0; c < many; ++c) basis[row + place[c]] = states[c][i];
            }
        }
    }

    // The columns at `many` ascending places, one after another.
    static void gather(const Real* from, long long from_stride, Real* to, long long to_stride, int rows, const int* place,
                       int many) {
        const bool every = many > 0 && place[many - 1] == many - 1;
        for (int i = 0; i < rows; ++i, from += from_stride, to += to_stride)
            if (every)
                for (int c = 0; c < many; ++c) to[c] = from[c];
            else
                for (int c = 0; c < many; ++c) to[c] = from[place[c]];
    }

    // Columns to their places, zeros between them.
    static void scatter(const Real* from, long long from_stride, Real* to, long long to_stride, int rows, const int* place,
                        int many, int columns) {
        for (int i = 0; i < rows; ++i, from += from_stride, to += to_stride) {
            if (many == columns) {
                for (int c = 0; c < columns; ++c) to[c] = from[c];
                continue;
            }
            for (int c = 0; c < columns; ++c) to[c] = 0;
            for (int c = 0; c < many; ++c) to[place[c]] = from[c];
        }
    }
};
address.data[0] = reinterpret_cast<wp::int64>(&Handler::call);
