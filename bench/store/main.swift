// swift run -c release storebench [CALLERS BATCH]
let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
if arguments.count == 2 {
    try await Measurement.write(callers: arguments[0], batch: arguments[1])
} else {
    for (callers, batch) in [(64, 1), (64, 64), (64, 1000), (1, 1), (1, 64)] {
        try await Measurement.write(callers: callers, batch: batch)
    }
    try await Measurement.read()
}
