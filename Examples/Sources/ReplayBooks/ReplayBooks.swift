import ApusCapture
import ApusTrading
@main
enum ReplayBooks {
  static func main() throws {
    let path = CommandLine.arguments.dropFirst().first ?? "build/demo/trading/day.itch"
    let reader = try ReadAhead(producer: openByteStream(path))
    var builder = try MarketBookBuilder(configuration: .wholeMarket)
    while try reader.nextWindow({ window, offset, _ in
      builder.process(framed: window, streamOffset: offset)
    }) {}
    for locate in builder.locates.prefix(5) {
      let bid = builder.books.best(.buy, locate: locate)
      let ask = builder.books.best(.sell, locate: locate)
      let name = builder.symbol(locate: locate)?.description ?? "\(locate)"
      print(name, bid?.priceTicks ?? 0, ask?.priceTicks ?? 0)
    }
    print("\(builder.messageCount) messages, \(builder.books.orderCount) orders live")
  }
}
