import Base
import Wire

/// Reads a stream of events at once and in pieces, and writes what it read.
@Sendable func fuzzSSE(_ bytes: Bytes) {
    let (input, size) = pieces(bytes)
    let whole = read(input, size: max(1, input.count))
    let parts = read(input, size: size)
    expect(whole == parts, "pieces tell what the whole tells")

    var output: [UInt8] = []
    for event in whole { event.encode(onto: &output) }
    expect(
        read(Bytes(output), size: size).map(\.data) == whole.map(\.data), "events arrive as they were sent")
}

private func read(_ input: Bytes, size: Int) -> [ServerSentEvent] {
    var decoder = SSEDecoder(eventBytesMax: 1 << 16)
    var events: [ServerSentEvent] = []
    for piece in cut(input, into: size) {
        do throws(SSEError) { try decoder.decode(piece) { events.append($0) } } catch { break }
    }
    return events
}
