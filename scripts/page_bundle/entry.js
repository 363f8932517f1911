// What the page takes of ECharts: lines, points, and shapes of its own making, on a canvas; SVG for what a reader copies.
import { use, init } from 'echarts/core';
import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([CustomChart, LineChart, ScatterChart, GridComponent, CanvasRenderer, SVGRenderer]);

export { init };
