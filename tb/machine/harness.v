// A machine with a clock of its own, while `free` is high, and a memory of fixed latency on its AXI port, or, while
// `outside` is high, with whatever drives the signals x_axi_*. The testbench drives the registers' port. `load` and
// `dump` move the memory from and to a file; `dump_state` writes the machine's own memories, a file for each bank.
module machine_harness;
  parameter MEMORY_BEATS = 65536;

  reg clk = 0;
  reg free = 0;
  always begin
    #500;
    if (free) clk = !clk;
  end
  reg rst = 1;
  // What Python can reach is evaluated anew in every cycle: what hangs on the reset is much, and need not be.
  reg rst_held = 1;
  always @(negedge clk) rst_held <= rst;
  reg outside = 0;
  reg [15:0] latency = 20;
  reg load = 0, dump = 0, dump_state = 0;
  wire irq;

  reg s_axil_awvalid = 0, s_axil_wvalid = 0, s_axil_bready = 0, s_axil_arvalid = 0, s_axil_rready = 0;
  reg [11:0] s_axil_awaddr = 0, s_axil_araddr = 0;
  reg [2:0] s_axil_awprot = 0, s_axil_arprot = 0;
  reg [31:0] s_axil_wdata = 0;
  reg [3:0] s_axil_wstrb = 0;
  wire s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid;
  wire [1:0] s_axil_bresp, s_axil_rresp;
  wire [31:0] s_axil_rdata;

  wire x_axi_awvalid, x_axi_awid, x_axi_wvalid, x_axi_wlast, x_axi_bready, x_axi_arvalid, x_axi_arid, x_axi_rready;
  wire [39:0] x_axi_awaddr, x_axi_araddr;
  wire [7:0] x_axi_awlen, x_axi_arlen;
  wire [2:0] x_axi_awsize, x_axi_arsize, x_axi_awprot, x_axi_arprot;
  wire [1:0] x_axi_awburst, x_axi_arburst;
  wire [3:0] x_axi_awcache, x_axi_arcache;
  wire [127:0] x_axi_wdata;
  wire [15:0] x_axi_wstrb;
  reg x_axi_awready = 0, x_axi_wready = 0, x_axi_bvalid = 0, x_axi_bid = 0, x_axi_arready = 0, x_axi_rvalid = 0;
  reg x_axi_rid = 0, x_axi_rlast = 0;
  reg [1:0] x_axi_bresp = 0, x_axi_rresp = 0;
  reg [127:0] x_axi_rdata = 0;

  wire awready, wready, bvalid, arready, rvalid, rlast;
  wire [1:0] bresp, rresp;
  wire [127:0] rdata;

  always @(posedge dump_state) begin
    `DUMP_STATE
  end

  axi_memory #(
      .BEATS(MEMORY_BEATS)
  ) memory (
      .clk(clk),
      .rst(rst_held),
      .latency(latency),
      .load(load),
      .dump(dump),
      .arvalid(x_axi_arvalid & !outside),
      .arready(arready),
      .araddr(x_axi_araddr),
      .arlen(x_axi_arlen),
      .rvalid(rvalid),
      .rready(x_axi_rready),
      .rdata(rdata),
      .rresp(rresp),
      .rlast(rlast),
      .awvalid(x_axi_awvalid & !outside),
      .awready(awready),
      .awaddr(x_axi_awaddr),
      .wvalid(x_axi_wvalid & !outside),
      .wready(wready),
      .wdata(x_axi_wdata),
      .wstrb(x_axi_wstrb),
      .wlast(x_axi_wlast),
      .bvalid(bvalid),
      .bready(x_axi_bready),
      .bresp(bresp)
  );

  `DUT dut (
      .clk(clk),
      .rst(rst_held),
      .irq(irq),
      .s_axil__awvalid(s_axil_awvalid),
      .s_axil__awready(s_axil_awready),
      .s_axil__awaddr(s_axil_awaddr),
      .s_axil__awprot(s_axil_awprot),
      .s_axil__wvalid(s_axil_wvalid),
      .s_axil__wready(s_axil_wready),
      .s_axil__wdata(s_axil_wdata),
      .s_axil__wstrb(s_axil_wstrb),
      .s_axil__bvalid(s_axil_bvalid),
      .s_axil__bready(s_axil_bready),
      .s_axil__bresp(s_axil_bresp),
      .s_axil__arvalid(s_axil_arvalid),
      .s_axil__arready(s_axil_arready),
      .s_axil__araddr(s_axil_araddr),
      .s_axil__arprot(s_axil_arprot),
      .s_axil__rvalid(s_axil_rvalid),
      .s_axil__rready(s_axil_rready),
      .s_axil__rdata(s_axil_rdata),
      .s_axil__rresp(s_axil_rresp),
      .m_axi__awvalid(x_axi_awvalid),
      .m_axi__awready(outside ? x_axi_awready : awready),
      .m_axi__awid(x_axi_awid),
      .m_axi__awaddr(x_axi_awaddr),
      .m_axi__awlen(x_axi_awlen),
      .m_axi__awsize(x_axi_awsize),
      .m_axi__awburst(x_axi_awburst),
      .m_axi__awcache(x_axi_awcache),
      .m_axi__awprot(x_axi_awprot),
      .m_axi__wvalid(x_axi_wvalid),
      .m_axi__wready(outside ? x_axi_wready : wready),
      .m_axi__wdata(x_axi_wdata),
      .m_axi__wstrb(x_axi_wstrb),
      .m_axi__wlast(x_axi_wlast),
      .m_axi__bvalid(outside ? x_axi_bvalid : bvalid),
      .m_axi__bready(x_axi_bready),
      .m_axi__bid(x_axi_bid),
      .m_axi__bresp(outside ? x_axi_bresp : bresp),
      .m_axi__arvalid(x_axi_arvalid),
      .m_axi__arready(outside ? x_axi_arready : arready),
      .m_axi__arid(x_axi_arid),
      .m_axi__araddr(x_axi_araddr),
      .m_axi__arlen(x_axi_arlen),
      .m_axi__arsize(x_axi_arsize),
      .m_axi__arburst(x_axi_arburst),
      .m_axi__arcache(x_axi_arcache),
      .m_axi__arprot(x_axi_arprot),
      .m_axi__rvalid(outside ? x_axi_rvalid : rvalid),
      .m_axi__rready(x_axi_rready),
      .m_axi__rid(x_axi_rid),
      .m_axi__rdata(outside ? x_axi_rdata : rdata),
      .m_axi__rresp(outside ? x_axi_rresp : rresp),
      .m_axi__rlast(outside ? x_axi_rlast : rlast)
  );
endmodule
