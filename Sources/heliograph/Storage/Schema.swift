import Kernel
import Store

/// The whole schema: the steps of all rooms in one order.
enum Schema {
    static let steps: [Migration] = [LogSchema.migration]
}
