/// The types of PostgreSQL that are understood, by their fixed numbers.
enum PostgresType: UInt32 {
    case bool = 16
    case bytea = 17
    case name = 19
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case oid = 26
    case float4 = 700
    case float8 = 701
    case bpchar = 1042
    case varchar = 1043
    case int4Array = 1007
    case textArray = 1009
    case int8Array = 1016
    case byteaArray = 1001
    case float8Array = 1022
    case varcharArray = 1015

    /// Whether it is a kind of text.
    var isText: Bool {
        switch self {
        case .name, .text, .bpchar, .varchar: true
        default: false
        }
    }
}
