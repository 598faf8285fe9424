import HTTPServer
import Kernel
import Store
import Testing
import Wire

@testable import Identity

@Suite struct ErrorCauseTests {
    @Test(arguments: [
        LogError.unavailable(StoreError(.full, "disk")), .overloaded, .closed,
    ])
    func `a log that cannot be used now is an outage with when to come again`(error: LogError) {
        let told = error.apiError
        #expect(told?.code == .unavailable)
        #expect(told?.fields["retry-after"] == "1")
    }

    @Test func `who reads on from before what is kept is told what the oldest is`() {
        let told = LogError.cursorExpired(oldest: 8).apiError
        #expect(told?.code == .gone)
        #expect(told?.details["oldest"] == .string("8"))
        #expect(told?.details["reason"] == .string("CURSOR_EXPIRED"))
    }

    @Test(arguments: [LogError.failed(StoreError(.corrupt, "page 7")), .invalid("a kind")])
    func `what is wrong inside is nothing for clients`(error: LogError) {
        #expect(error.apiError == nil)
    }
}
