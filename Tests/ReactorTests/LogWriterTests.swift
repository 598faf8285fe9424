import Base
import Glibc
import Reactor
import Testing

@Suite struct LogWriterTests {
    /// The two ends of a pipe.
    private struct Pipe {
        let reading: Int32
        let writing: Int32

        init() {
            var ends: [Int32] = [0, 0]
            _ = unsafe pipe(&ends)
            (reading, writing) = (ends[0], ends[1])
        }

        /// Reads until the other end is closed or the text has come.
        func read(until text: String? = nil) -> String {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while text.map({ !String(decoding: all, as: UTF8.self).contains($0) }) ?? true {
                let count = unsafe Glibc.read(reading, &buffer, buffer.count)
                if count <= 0 { break }
                all += buffer[..<count]
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// How many lines the reports in the output call dropped.
    private func reported(in text: String) -> Int {
        text.matches(of: /"message":"log lines dropped","count":([0-9]+)}\n/).reduce(0) {
            $0 + (Int($1.1) ?? 0)
        }
    }

    @Test func `lines come out in their order, all of them before it closes`() throws {
        let pipe = Pipe()
        let writer = try LogWriter(to: pipe.writing)
        for index in 0..<500 { writer.write(Array("line \(index)\n".utf8)) }
        #expect(writer.close(within: .seconds(30)))
        close(pipe.writing)
        #expect(pipe.read() == (0..<500).map { "line \($0)\n" }.joined())
        #expect(writer.dropped == 0)
    }

    @Test func `a line comes out although nothing follows it`() throws {
        let pipe = Pipe()
        let writer = try LogWriter(to: pipe.writing)
        for text in ["first\n", "second\n"] {
            writer.write(Array(text.utf8))
            #expect(pipe.read(until: text) == text)
        }
        #expect(writer.close(within: .seconds(30)))
    }

    @Test func `a reader that does not read blocks nobody, and what is lost is counted and reported`() throws
    {
        let pipe = Pipe()
        let writer = try LogWriter(to: pipe.writing, bytesMax: 4000)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
        // More than the pipe (64 KiB) and the buffer hold together.
        for _ in 0..<200 { writer.write(line) }
        let dropped = writer.dropped
        #expect(dropped >= 200 - 66 - 2 * 4)
        #expect(!writer.close(within: .zero))
        // There may be several reports; the last ends the output once the pipe takes everything.
        var text = ""
        while reported(in: text) < dropped { text += pipe.read(until: "}\n") }
        #expect(reported(in: text) == dropped)
        #expect(writer.close(within: .seconds(30)))
    }

    @Test func `a reader that is gone ends nothing`() throws {
        let pipe = Pipe()
        close(pipe.reading)
        let writer = try LogWriter(to: pipe.writing)
        writer.write(Array("a\nb\n".utf8))
        #expect(writer.close(within: .seconds(30)))
        #expect(writer.dropped == 2)
    }

    @Test func `a line after the end is dropped`() throws {
        let pipe = Pipe()
        let writer = try LogWriter(to: pipe.writing)
        #expect(writer.close(within: .seconds(30)))
        writer.write(Array("late\n".utf8))
        #expect(writer.dropped == 1)
    }
}
